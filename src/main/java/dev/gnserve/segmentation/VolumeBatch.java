package dev.gnserve.segmentation;

import dev.gnserve.image.Cancellation;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.pipeline.VolumePipeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Segments volumes without HTTP. Thread-safe. */
public final class VolumeBatch {

    /** The document has masks of planes, as that of images has masks. */
    private static final VolumeRequest TASK = new VolumeRequest(null, true, true, null, VolumeRequest.Content.LABELS);

    private static final VolumeRequest WITHOUT_MASKS =
            new VolumeRequest(null, true, false, null, VolumeRequest.Content.LABELS);

    private final VolumePipeline pipeline;

    public VolumeBatch(VolumePipeline pipeline) {
        this.pipeline = pipeline;
    }

    /**
     * The answer for one volume.
     *
     * @param document as JSON
     * @param picture of the projection along z with the objects, PNG; or null
     */
    @SuppressWarnings("ArrayRecordComponent") // Written once, compared never.
    public record Answer(Object document, byte @Nullable [] picture) {}

    /**
     * Segments a file.
     *
     * @throws dev.gnserve.failure.FailureException if it fails
     */
    public Answer file(LoadedModel model, Upload upload, boolean picture) {
        return pipeline.answer(TASK, model, upload, answer(model, picture));
    }

    /**
     * Segments a folder of Zarr.
     *
     * @throws dev.gnserve.failure.FailureException if it fails
     */
    public Answer folder(LoadedModel model, String name, Path folder, boolean picture) {
        return pipeline.answer(TASK, model, name, folder, answer(model, picture));
    }

    /**
     * What is found in a volume, a file or a folder of Zarr.
     *
     * @throws dev.gnserve.failure.FailureException if it fails
     * @throws IOException if it cannot be read
     */
    public VolumeSegmentation find(LoadedModel model, Path volume) throws IOException {
        String name = String.valueOf(volume.getFileName());
        return Files.isDirectory(volume)
                ? pipeline.answer(WITHOUT_MASKS, model, name, volume, VolumePipeline.Found::result)
                : pipeline.answer(
                        WITHOUT_MASKS,
                        model,
                        new Upload(name, Files.readAllBytes(volume)),
                        VolumePipeline.Found::result);
    }

    private static Function<VolumePipeline.Found<VolumeSegmentation>, Answer> answer(
            LoadedModel model, boolean picture) {
        return found -> new Answer(
                new SegmentationResponse(
                        model.name(),
                        model.version(),
                        found.name(),
                        List.of(),
                        List.of(found.result().describe(found.name(), found.timing(), Cancellation.NEVER))),
                picture ? found.result().picture(true) : null);
    }
}
