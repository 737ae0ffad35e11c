package dev.gnserve.evaluation;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.detection.Detection;
import dev.gnserve.detection.DetectionTask;
import dev.gnserve.detection.Detections;
import dev.gnserve.image.CocoRle;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.Task;
import dev.gnserve.model.Thresholds;
import dev.gnserve.segmentation.Segmentation;
import dev.gnserve.segmentation.SegmentationTask;
import dev.gnserve.segmentation.SegmentedClass;
import dev.gnserve.segmentation.VolumeSegmentation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Judges the separate objects that a model finds, by their pixels: those of a segmentation model, or the masks of a detector. Truth is a
 * COCO dataset file with outlines, or a folder with {@code images/} and {@code objects/}, pictures or volumes of object numbers.
 */
public final class InstanceEvaluation {

    private static final String PICTURE = "PNG or TIFF with one channel";

    private InstanceEvaluation() {}

    /**
     * Evaluates a model on a COCO dataset file. Average precision is that of pycocotools for the same objects.
     *
     * @param dataset the file
     * @param folder of the images
     * @param results is given the objects in COCO's result format, if not null
     * @param withWorst whether the worst images are kept
     * @param tries the text of model.yaml with each thresholds.mask to try; may be empty
     * @param progress is told the number of images done
     * @throws IllegalArgumentException if the file has no outlines, or does not go with the model or the images
     */
    public static Evaluation<InstanceReport> run(
            ModelSource source,
            Path dataset,
            Path folder,
            @Nullable Path results,
            boolean withWorst,
            Map<Float, String> tries,
            IntConsumer progress)
            throws IOException {
        List<String> labels = labels(source);
        CocoData data = CocoData.read(dataset, folder, labels, true);
        List<CocoResult> all = new ArrayList<>();
        Evaluation<InstanceReport> evaluation = judge(
                source,
                dataset.toString(),
                data.images().stream()
                        .map(image -> new Case(
                                image.file(),
                                shown -> {
                                    image.requireSize(shown.width(), shown.height());
                                    return image.boxes();
                                },
                                found -> data.categoryOfLabel().containsKey(found.label()),
                                (shown, found) -> {
                                    Long category = data.categoryOfLabel().get(found.label());
                                    if (category != null && found.pixels() != null && results != null) {
                                        all.add(CocoResult.of(image.id(), category, found, found.pixels(), shown));
                                    }
                                }))
                        .toList(),
                withWorst,
                tries,
                progress);
        if (results != null) {
            Files.write(results, JsonMapper.shared().writeValueAsBytes(all));
        }
        return evaluation;
    }

    /**
     * Evaluates a model with one label on a folder. The truth of an image is a PNG or TIFF of one channel in {@code objects/}, with the
     * name of the image up to the last dot and the size of the upright image: 0 is background, every other value one object. The truth of
     * a volume is a volume with its name up to the ending, and its shape.
     *
     * @param folder with {@code images/} and {@code objects/}
     * @param withWorst whether the worst images are kept
     * @param tries as above
     * @param progress is told the number of images done
     * @throws IllegalArgumentException if an image has no truth, or it does not go with its image or the model
     */
    public static Evaluation<InstanceReport> run(
            ModelSource source, Path folder, boolean withWorst, Map<Float, String> tries, IntConsumer progress)
            throws IOException {
        ModelManifest manifest = ManifestReader.read(source.manifestLocation(), source.manifest());
        Map<Path, Path> pairs = TruthPairs.of(manifest, folder, "objects", List.of(".png", ".tif", ".tiff"));
        List<String> labels = manifest.labels();
        if (labels.size() != 1) {
            throw new IllegalArgumentException("numbers of objects have no class, and the model has the labels "
                    + labels
                    + (manifest.input().volume() == null
                            ? ". Give a COCO dataset file instead"
                            : ". Judge the voxels of the labels with masks/ instead"));
        }
        return judge(
                source,
                folder.toString(),
                pairs.entrySet().stream()
                        .map(pair -> new Case(
                                pair.getKey(),
                                shown -> objects(shown.truth().apply(pair.getValue())),
                                found -> true,
                                (shown, found) -> {}))
                        .toList(),
                withWorst,
                tries,
                progress);
    }

    private static List<String> labels(ModelSource source) throws IOException {
        return ManifestReader.read(source.manifestLocation(), source.manifest()).labels();
    }

    /**
     * An image to judge.
     *
     * @param truth read when it is needed, for what was found
     * @param counts whether something found counts
     * @param keep takes what the model found that counts
     */
    private record Case(
            Path image,
            Function<Shown, List<LabelledBox>> truth,
            Predicate<Found> counts,
            BiConsumer<Shown, Found> keep) {

        List<Found> counted(List<Found> found) {
            return found.stream().filter(counts).toList();
        }
    }

    /**
     * What was found in an image.
     *
     * @param width of the upright image, in pixels
     * @param height of the upright image, in pixels
     * @param found all, also what is not served
     * @param served what a request without parameters is answered with
     * @param picture a PNG of what is served
     * @param truth reads a file of object numbers for the image
     */
    private record Shown(
            int width,
            int height,
            List<Found> found,
            List<Found> served,
            Supplier<byte[]> picture,
            Function<Path, TrueNumbers> truth) {

        /** Of an image. */
        Shown(int width, int height, List<Found> found, List<Found> served, Supplier<byte[]> picture) {
            this(width, height, found, served, picture, file -> TrueNumbers.ofPicture(file, PICTURE, width, height));
        }
    }

    private static Evaluation<InstanceReport> judge(
            ModelSource source,
            String data,
            List<Case> cases,
            boolean withWorst,
            Map<Float, String> tries,
            IntConsumer progress)
            throws IOException {
        WorstImages worst = new WorstImages(withWorst);
        try (EvaluatedModel model = EvaluatedModel.open(source)) {
            List<String> labels = model.manifest().labels();
            InstanceScores scores = new InstanceScores(labels.size(), !model.takesVolumes());
            ThresholdSweep sweep = model.sweep(source, tries);
            List<ClassQualities> tried = sweep.thresholds().stream()
                    .map(threshold -> new ClassQualities(labels.size()))
                    .toList();
            for (Case one : cases) {
                List<Supplier<Shown>> all = find(model, sweep, one.image());
                Shown shown = all.get(0).get();
                List<Found> found = one.counted(shown.found());
                List<Found> served = one.counted(shown.served());
                found.forEach(object -> one.keep().accept(shown, object));
                List<LabelledBox> truth = one.truth().apply(shown);
                for (int i = 0; i < tried.size(); i++) {
                    tried.get(i).add(truth, one.counted(all.get(i + 1).get().served()));
                }
                double quality = scores.add(truth, found, served);
                worst.offer(
                        String.valueOf(one.image().getFileName()),
                        quality,
                        "PQ %.3f: %d objects, %d found".formatted(quality, truth.size(), served.size()),
                        shown.picture());
                progress.accept(scores.images());
            }
            InstanceReport report = InstanceReport.of(
                    source.name(),
                    source.version(),
                    data,
                    labels,
                    scores,
                    IntStream.range(0, tried.size())
                            .mapToObj(i -> MaskThreshold.of(
                                    sweep.thresholds().get(i), tried.get(i).rq()))
                            .toList());
            return model.takesVolumes()
                    ? new Evaluation<>(report, null, List.of(), worst.list())
                    : new Evaluation<>(
                            report, Evaluation.PRECISION, scores.precision().curves(labels), worst.list());
        }
    }

    /** What is found as the model is, then with each threshold of segmentation. */
    private static List<Supplier<Shown>> find(EvaluatedModel model, ThresholdSweep sweep, Path image)
            throws IOException {
        if (model.manifest().task() == Task.DETECTION) {
            Shown shown = masks(model, image);
            return List.of(() -> shown);
        }
        List<String> labels = model.manifest().labels();
        if (model.takesVolumes()) {
            Shown shown = volume(model.find(image), labels.size());
            return List.of(() -> shown);
        }
        return model.find(sweep, image).stream()
                .<Supplier<Shown>>map(collector -> () -> segments(collector.finish(), labels))
                .toList();
    }

    private static Shown segments(Segmentation segmentation, List<String> labels) {
        List<Found> found = new ArrayList<>();
        for (SegmentedClass ofClass : segmentation.classes()) {
            int label = labels.indexOf(ofClass.label());
            Pixels.ofNumbers(ofClass.ids())
                    .forEach((id, pixels) ->
                            found.add(Found.of(label, ofClass.objects().score(id), pixels)));
        }
        return new Shown(
                segmentation.image().width(),
                segmentation.image().height(),
                found,
                found,
                () -> SegmentationTask.DEFAULT.picture(segmentation));
    }

    private static Shown masks(EvaluatedModel model, Path image) throws IOException {
        Thresholds thresholds = model.manifest().thresholds();
        Detections all = model.find(
                ServedDetections.all(thresholds, model.manifest().labels().size()), image);
        Detections served = ServedDetections.of(all, thresholds);
        return new Shown(
                all.image().width(),
                all.image().height(),
                objects(all),
                objects(served),
                () -> DetectionTask.DEFAULT.picture(served));
    }

    private static List<Found> objects(Detections detections) {
        List<Found> found = new ArrayList<>();
        for (Detection detection : detections.detections()) {
            if (detection.mask() == null) {
                throw new IllegalArgumentException(
                        "the model finds boxes and no masks. Leave out --masks to judge it by its boxes");
            }
            found.add(Found.of(
                    detection.label(),
                    detection.score(),
                    Pixels.of(detection.mask().region(), detection.mask().inside())));
        }
        return found;
    }

    private static Shown volume(VolumeSegmentation segmentation, int labels) {
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < labels; i++) {
            int label = i;
            Pixels.ofNumbers(segmentation.ids(label))
                    .forEach((id, voxels) -> found.add(Found.of(label, (float) segmentation.score(id), voxels)));
        }
        return new Shown(
                segmentation.shape().width(),
                segmentation.shape().depth() * segmentation.shape().height(),
                found,
                found,
                segmentation::overlay,
                file -> TrueNumbers.ofVolume(file, segmentation));
    }

    private static List<LabelledBox> objects(TrueNumbers truth) {
        return Pixels.ofNumbers(truth.numbers()).values().stream()
                .map(pixels -> new LabelledBox(0, pixels))
                .toList();
    }

    /** One object as COCO's result files have it. */
    private record CocoResult(
            @JsonProperty("image_id") long image,
            @JsonProperty("category_id") long category,
            Runs segmentation,
            float score) {

        private record Runs(List<Integer> size, String counts) {}

        static CocoResult of(long image, long category, Found found, Pixels pixels, Shown shown) {
            CocoRle runs = pixels.runs(shown.width(), shown.height());
            return new CocoResult(
                    image, category, new Runs(List.of(shown.height(), shown.width()), runs.counts()), found.score());
        }
    }
}
