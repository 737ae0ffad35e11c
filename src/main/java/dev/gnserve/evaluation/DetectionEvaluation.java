package dev.gnserve.evaluation;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.detection.Detection;
import dev.gnserve.detection.DetectionTask;
import dev.gnserve.detection.Detections;
import dev.gnserve.image.Box;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelSource;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.Upload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Judges a detector's archive as it is served: by the same decoding, preparation, tiles and choice of boxes. */
public final class DetectionEvaluation {

    /** The curve of precision needs boxes of low scores too, not only those that are served. */
    private static final float LEAST_SCORE = 0.01f;

    private static final int MOST_DETECTIONS = 100;

    private DetectionEvaluation() {}

    /**
     * Evaluates a model with the labels of the blood cells.
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
        List<LabelledImage> images = new ArrayList<>();
        for (String file : files) {
            images.add(new LabelledImage(images.size(), cells.imageOf(file), cells.boxesOf(file)));
        }
        List<String> labels = ManifestReader.read(source.manifestLocation(), source.manifest())
                .labels();
        if (!labels.equals(BloodCellData.LABELS)) {
            throw new IllegalArgumentException(
                    "the model has the labels " + labels + ", the data " + BloodCellData.LABELS);
        }
        AveragePrecision precision = new AveragePrecision();
        find(source, images, (image, found) -> {
            precision.add(image.boxes(), found);
            progress.accept(precision.images());
        });
        return DetectionReport.of(
                source.name(),
                source.version(),
                data.toString(),
                fold.isNone() ? split : "fold " + fold,
                labels,
                precision);
    }

    /**
     * Evaluates a model on images with boxes in a COCO dataset file. The figures are those of pycocotools for the same detections.
     *
     * @param dataset the file
     * @param folder of the images
     * @param results is given the detections in COCO's result format, if not null
     * @param progress is told the number of images done
     * @throws IllegalArgumentException if the file is no dataset of boxes, or does not go with the model
     */
    public static DetectionReport run(
            ModelSource source, Path dataset, Path folder, @Nullable Path results, IntConsumer progress)
            throws IOException {
        List<String> labels = ManifestReader.read(source.manifestLocation(), source.manifest())
                .labels();
        CocoData data = CocoData.read(dataset, folder, labels);
        AveragePrecision precision = new AveragePrecision();
        List<CocoResult> all = new ArrayList<>();
        find(source, data.images(), (image, found) -> {
            List<Detection> known = new ArrayList<>();
            for (Detection detection : found) {
                Long category = data.categoryOfLabel().get(detection.label());
                if (category != null) {
                    known.add(detection);
                    all.add(CocoResult.of(image.id(), category, detection));
                }
            }
            precision.add(image.boxes(), known);
            progress.accept(precision.images());
        });
        if (results != null) {
            Files.write(results, JsonMapper.shared().writeValueAsBytes(all));
        }
        return DetectionReport.of(source.name(), source.version(), dataset.toString(), "all images", labels, precision);
    }

    /** One detection as COCO's result files have it. */
    private record CocoResult(
            @JsonProperty("image_id") long image,
            @JsonProperty("category_id") long category,
            List<Double> bbox,
            float score) {

        static CocoResult of(long image, long category, Detection detection) {
            Box box = detection.box();
            return new CocoResult(
                    image, category, List.of(box.x(), box.y(), box.width(), box.height()), detection.score());
        }
    }

    private static void find(
            ModelSource source, List<LabelledImage> images, BiConsumer<LabelledImage, List<Detection>> found)
            throws IOException {
        ImagePipeline pipeline = ImagePipeline.forCommands();
        DetectionTask task = DetectionTask.of(LEAST_SCORE, MOST_DETECTIONS);
        try (Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()))) {
            LoadedModel model = LoadedModel.alone(source, engine);
            try {
                for (LabelledImage image : images) {
                    Upload upload =
                            new Upload(String.valueOf(image.file().getFileName()), Files.readAllBytes(image.file()));
                    Detections result =
                            pipeline.find(task, model.manifest(), model, upload).result();
                    found.accept(image, result.detections());
                }
            } finally {
                boolean unused = model.close(Duration.ofSeconds(10));
            }
        }
    }
}
