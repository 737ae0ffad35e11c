package dev.gnserve.tuning;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.Golden;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.Upload;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Inputs with which plans of a model are compared, where the user gives none. */
public final class TuningImages {

    private TuningImages() {}

    /**
     * The image of the golden check; without one, and for models of volumes, noise of the shapes of the warm-up.
     *
     * @throws dev.gnserve.failure.FailureException with {@code INVALID_REQUEST} for a model that takes other inputs than one float32
     *     tensor
     */
    public static List<FloatTensor> of(ModelSource source, ModelManifest manifest) throws IOException {
        if (manifest.input().parameters() != null) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "the model takes other tensors beside an image; only models of an image alone can be tuned")
                    .asException();
        }
        Golden golden = manifest.golden();
        if (golden != null && manifest.hasGoldenPicture()) {
            try (InputStream in = source.open(golden.image())) {
                Upload upload = new Upload(golden.image(), in.readAllBytes());
                return List.of(
                        ImagePipeline.forCommands().firstTile(manifest, upload).input());
            }
        }
        List<ModelInput> noise = manifest.warmUp().noise();
        List<FloatTensor> inputs = noise.stream()
                .filter(FloatTensor.class::isInstance)
                .map(FloatTensor.class::cast)
                .toList();
        if (inputs.isEmpty()) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "only models that take one float32 tensor can be tuned; this one takes " + noise)
                    .asException();
        }
        return inputs;
    }
}
