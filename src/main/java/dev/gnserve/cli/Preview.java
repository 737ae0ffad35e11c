package dev.gnserve.cli;

import dev.gnserve.backend.Engine;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.detection.DetectionTask;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.Task;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.regression.RegressionTask;
import dev.gnserve.segmentation.SegmentationTask;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a model that was just set up finds in an image, drawn on it as the service draws it. */
final class Preview {

    private static final String GRAY = "/samples/nuclei/fluorescence-256.png";
    private static final String COLOUR = "/samples/bloodcells/BloodImage_00271.jpg";

    private Preview() {}

    /** Whether results of a task are drawn. */
    static boolean draws(Task task) {
        return of(task) != null;
    }

    private static @Nullable ImageTask<?, ?> of(Task task) {
        return switch (task) {
            case SEGMENTATION -> SegmentationTask.DEFAULT;
            case DETECTION -> DetectionTask.DEFAULT;
            case REGRESSION -> RegressionTask.DEFAULT;
            case CLASSIFICATION, EMBEDDING, TENSORS -> null;
        };
    }

    /**
     * Loads a model as the service does, and runs an image.
     *
     * @param folder of the model, with one version
     * @param image null for an embedded sample
     * @return PNG
     * @throws dev.gnserve.failure.FailureException if the model does not load, or the image cannot be read
     */
    static byte[] draw(Path folder, @Nullable Path image) throws IOException {
        try (Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()))) {
            LoadedModel model = LoadedModel.alone(
                    ModelFolder.versions(folder.toAbsolutePath().normalize()).get(0), engine);
            try {
                ImageTask<?, ?> task =
                        Objects.requireNonNull(of(model.manifest().task()));
                Upload upload = image == null
                        ? sample(model.manifest().input().colour())
                        : new Upload(String.valueOf(image.getFileName()), Files.readAllBytes(image));
                return Objects.requireNonNull(ImagePipeline.forCommands()
                        .answer(task, model, upload, true, "preview")
                        .picture());
            } finally {
                boolean unused = model.close(Duration.ofSeconds(10));
            }
        }
    }

    private static Upload sample(ChannelOrder colour) throws IOException {
        String file = colour == ChannelOrder.GRAY ? GRAY : COLOUR;
        try (InputStream in = Objects.requireNonNull(Preview.class.getResourceAsStream(file))) {
            return new Upload(file.substring(file.lastIndexOf('/') + 1), in.readAllBytes());
        }
    }
}
