package dev.gnserve.evaluation;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.detection.Detection;
import dev.gnserve.detection.DetectionTask;
import dev.gnserve.detection.Detections;
import dev.gnserve.image.Box;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.Thresholds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Judges a detector's archive as it is served: by the same decoding, preparation, tiles and choice of boxes. */
public final class DetectionEvaluation {

    private DetectionEvaluation() {}

    /**
     * Evaluates a model with the labels of the blood cells.
     *
     * @param data folder of the data set
     * @param split which images; {@code test} leaves out those that show a place of another split
     * @param fold part of all images instead of a split, unless {@link Fold#NONE}
     * @param withWorst whether the worst images are kept
     * @param progress is told the number of images done
     * @throws IllegalArgumentException when the model's labels are others, or there is no such split
     */
    public static Evaluation<DetectionReport> run(
            ModelSource source, Path data, String split, Fold fold, boolean withWorst, IntConsumer progress)
            throws IOException {
        BloodCellData cells = BloodCellData.open(data);
        List<String> files = fold.isNone() ? cells.files(split) : cells.testing(fold);
        List<LabelledImage> images = new ArrayList<>();
        for (String file : files) {
            images.add(new LabelledImage(images.size(), cells.imageOf(file), 0, 0, cells.boxesOf(file)));
        }
        List<String> labels = ManifestReader.read(source.manifestLocation(), source.manifest())
                .labels();
        if (!labels.equals(BloodCellData.LABELS)) {
            throw new IllegalArgumentException(
                    "the model has the labels " + labels + ", the data " + BloodCellData.LABELS);
        }
        return judge(
                source,
                data.toString(),
                fold.isNone() ? split : "fold " + fold,
                images,
                progress,
                withWorst,
                (image, found) -> found);
    }

    /**
     * Evaluates a model on images with boxes in a COCO dataset file. The figures are those of pycocotools for the same detections.
     *
     * @param dataset the file
     * @param folder of the images
     * @param results is given the detections in COCO's result format, if not null
     * @param withWorst whether the worst images are kept
     * @param progress is told the number of images done
     * @throws IllegalArgumentException if the file is no dataset of boxes, or does not go with the model or the images
     */
    public static Evaluation<DetectionReport> run(
            ModelSource source,
            Path dataset,
            Path folder,
            @Nullable Path results,
            boolean withWorst,
            IntConsumer progress)
            throws IOException {
        List<String> labels = ManifestReader.read(source.manifestLocation(), source.manifest())
                .labels();
        CocoData data = CocoData.read(dataset, folder, labels, false);
        List<CocoResult> all = new ArrayList<>();
        Evaluation<DetectionReport> evaluation =
                judge(source, dataset.toString(), "all images", data.images(), progress, withWorst, (image, found) -> {
                    List<Detection> known = new ArrayList<>();
                    for (Detection detection : found) {
                        Long category = data.categoryOfLabel().get(detection.label());
                        if (category != null) {
                            known.add(detection);
                            all.add(CocoResult.of(image.id(), category, detection));
                        }
                    }
                    return known;
                });
        if (results != null) {
            Files.write(results, JsonMapper.shared().writeValueAsBytes(all));
        }
        return evaluation;
    }

    private static Evaluation<DetectionReport> judge(
            ModelSource source,
            String data,
            String split,
            List<LabelledImage> images,
            IntConsumer progress,
            boolean withWorst,
            BiFunction<LabelledImage, List<Detection>, List<Detection>> counted)
            throws IOException {
        AveragePrecision precision = new AveragePrecision();
        WorstImages worst = new WorstImages(withWorst);
        try (EvaluatedModel model = EvaluatedModel.open(source)) {
            List<String> labels = model.manifest().labels();
            Thresholds thresholds = model.manifest().thresholds();
            DetectionTask task = ServedDetections.all(thresholds, labels.size());
            for (LabelledImage image : images) {
                Detections result = model.find(task, image.file());
                image.requireSize(result.image().width(), result.image().height());
                List<Found> found = counted.apply(image, result.detections()).stream()
                        .map(Found::of)
                        .toList();
                precision.add(image.boxes(), found);
                offer(worst, image, ServedDetections.of(result, thresholds));
                progress.accept(precision.images());
            }
            DetectionReport report = DetectionReport.of(
                    source.name(), source.version(), data, split, labels, precision, thresholds.maxDetections());
            return new Evaluation<>(report, Evaluation.PRECISION, precision.curves(labels), worst.list());
        }
    }

    /** By the F1 score of the boxes that the model serves. */
    private static void offer(WorstImages worst, LabelledImage image, Detections served) throws IOException {
        InstanceScores one = new InstanceScores(served.labels().size());
        List<Found> boxes = served.detections().stream().map(Found::of).toList();
        double ignored = one.add(image.boxes(), boxes, boxes);
        int hits = 0;
        int objects = 0;
        for (int label = 0; label < served.labels().size(); label++) {
            hits += one.quality(label).hits();
            objects += one.precision().objects(label);
        }
        int found = served.detections().size();
        double f1 = found + objects == 0 ? 1 : 2.0 * hits / (found + objects);
        worst.offer(
                String.valueOf(image.file().getFileName()),
                f1,
                "F1 %.2f: %d of %d objects found, %d found in all".formatted(f1, hits, objects, found),
                () -> DetectionTask.DEFAULT.picture(served));
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
}
