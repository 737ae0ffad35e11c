package dev.gnserve.evaluation;

import dev.gnserve.backend.Engine;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.detection.DetectionTask;
import dev.gnserve.detection.Detections;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelSource;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.Upload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.IntConsumer;

/** Judges a detector's archive as it is served: by the same decoding, preparation, tiles and choice of boxes. */
public final class DetectionEvaluation {

    /** The curve of precision needs boxes of low scores too, not only those that are served. */
    private static final float LEAST_SCORE = 0.01f;

    private static final int MOST_DETECTIONS = 100;

    private DetectionEvaluation() {}

    /**
     * Evaluates a model with the labels of the data.
     *
     * @param data folder of the data set
     * @param split which images; {@code test} leaves out those that show a place of another split
     * @param fold part of all images instead of a split, unless {@link Fold#NONE}
     * @param progress is told the number of images done
     * @throws IllegalArgumentException when the model's labels are others, or there is no such split
     */
    public static DetectionReport run(ModelSource source, Path data, String split, Fold fold, IntConsumer progress)
            throws IOException {
        BloodCellData cells = BloodCellData.open(data);
        List<String> files = fold.isNone() ? cells.files(split) : cells.testing(fold);
        ImagePipeline pipeline = ImagePipeline.forCommands();
        DetectionTask task = DetectionTask.of(LEAST_SCORE, MOST_DETECTIONS);
        AveragePrecision precision = new AveragePrecision();
        try (Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()))) {
            LoadedModel model = LoadedModel.alone(source, engine);
            try {
                if (!model.manifest().labels().equals(BloodCellData.LABELS)) {
                    throw new IllegalArgumentException("the model has the labels "
                            + model.manifest().labels() + ", the data " + BloodCellData.LABELS);
                }
                for (String file : files) {
                    Upload image = new Upload(file, Files.readAllBytes(cells.imageOf(file)));
                    Detections found =
                            pipeline.find(task, model.manifest(), model, image).result();
                    precision.add(cells.boxesOf(file), found.detections());
                    progress.accept(precision.images());
                }
            } finally {
                boolean unused = model.close(Duration.ofSeconds(10));
            }
        }
        return DetectionReport.of(
                source.name(),
                source.version(),
                data.toString(),
                fold.isNone() ? split : "fold " + fold,
                BloodCellData.LABELS,
                precision);
    }
}
