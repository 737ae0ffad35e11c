package dev.gnserve.evaluation;

import dev.gnserve.image.LabelMap;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.segmentation.Segmentation;
import dev.gnserve.segmentation.SegmentationTask;
import dev.gnserve.segmentation.Segmenter;
import dev.gnserve.segmentation.VolumeSegmentation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Judges a model of segmentation on a folder with {@code images/} and {@code masks/}. A mask is a PNG of one channel (gray or palette) with
 * the name of its image up to the last dot and the size of the upright image; or a volume with the name of its volume up to the ending, and
 * its shape. Its values are 0 for background, the number of a label of the model from 1, and 255 for pixels that are not judged. Where labels
 * of an image overlap, the most probable one counts.
 */
public final class MaskEvaluation {

    private static final int NOT_JUDGED = 255;
    private static final String PNG = "PNG with one channel (gray or palette)";

    private MaskEvaluation() {}

    /**
     * Evaluates a model on all images that have a mask.
     *
     * @param folder with {@code images/} and {@code masks/}
     * @param withWorst whether the worst images are kept
     * @param tries the text of model.yaml with each threshold to try; may be empty
     * @param progress is told the number of images done
     * @throws IllegalArgumentException if an image has no mask, a mask does not go with its image or the model, or the masks have
     *     {@value #NOT_JUDGED} and no label
     */
    public static Evaluation<MaskReport> run(
            ModelSource source, Path folder, boolean withWorst, Map<Float, String> tries, IntConsumer progress)
            throws IOException {
        ModelManifest manifest = ManifestReader.read(source.manifestLocation(), source.manifest());
        Map<Path, Path> maskOfImage = TruthPairs.of(manifest, folder, "masks", List.of(".png"));
        boolean overlap = manifest.labels().size() > 1 && !manifest.output().exclusive();
        if (overlap && manifest.input().volume() != null) {
            throw new IllegalArgumentException(
                    "the labels %s may overlap, and a volume of label numbers has one for each voxel; judge each label with a model.yaml that has only it"
                            .formatted(manifest.labels()));
        }
        if (manifest.labels().size() >= NOT_JUDGED) {
            throw new IllegalArgumentException(
                    "the model has %d labels, and masks can name %d at most: %d are pixels that are not judged"
                            .formatted(manifest.labels().size(), NOT_JUDGED - 1, NOT_JUDGED));
        }
        WorstImages worst = new WorstImages(withWorst);
        try (EvaluatedModel model = EvaluatedModel.open(source)) {
            List<String> labels = model.manifest().labels();
            ConfusionMatrix matrix = new ConfusionMatrix(labels.size() + 1);
            ThresholdSweep sweep = model.sweep(source, tries);
            List<ConfusionMatrix> tried = sweep.thresholds().stream()
                    .map(threshold -> new ConfusionMatrix(labels.size() + 1))
                    .toList();
            int done = 0;
            long all = 0;
            for (Map.Entry<Path, Path> pair : maskOfImage.entrySet()) {
                Segmented found = Segmented.in(model, sweep, pair.getKey());
                TrueNumbers truth = found.truth().apply(pair.getValue());
                all += (long) truth.numbers().width() * truth.numbers().height();
                ConfusionMatrix ofImage = new ConfusionMatrix(labels.size() + 1);
                compare(found.labels().get(0).get(), truth, labels, ofImage);
                matrix.add(ofImage);
                for (int i = 0; i < tried.size(); i++) {
                    compare(found.labels().get(i + 1).get(), truth, labels, tried.get(i));
                }
                double iou = ofImage.meanIou();
                worst.offer(
                        String.valueOf(pair.getKey().getFileName()),
                        iou,
                        "mean IoU %.3f, %.1f %% of the %s right"
                                .formatted(iou, 100 * ofImage.accuracy(), model.takesVolumes() ? "voxels" : "pixels"),
                        found.picture());
                progress.accept(++done);
            }
            requireLabels(matrix, all);
            List<MaskThreshold> thresholds = IntStream.range(0, tried.size())
                    .mapToObj(i -> MaskThreshold.of(
                            sweep.thresholds().get(i), tried.get(i).meanDice()))
                    .toList();
            MaskReport report =
                    MaskReport.of(source.name(), source.version(), folder.toString(), done, labels, matrix, thresholds);
            return new Evaluation<>(report, Evaluation.THRESHOLDS, curves(thresholds), worst.list());
        }
    }

    /**
     * Refuses masks whose foreground is {@value #NOT_JUDGED}, a habit of many tools: nothing of it would be judged.
     *
     * @param all pixels, also those that are not judged
     */
    static void requireLabels(ConfusionMatrix matrix, long all) {
        if (matrix.truth(0) == matrix.pixels() && matrix.pixels() < all) {
            throw new IllegalArgumentException(
                    "the masks have %1$d, for pixels that are not judged, and no number of a label; write the number of the label, such as 1, in place of %1$d"
                            .formatted(NOT_JUDGED));
        }
    }

    private static List<Curve> curves(List<MaskThreshold> thresholds) {
        List<Curve.Point> points = thresholds.stream()
                .filter(each -> each.figure() != null)
                .map(each -> new Curve.Point(each.mask(), each.figure()))
                .toList();
        return points.isEmpty() ? List.of() : List.of(new Curve("mean Dice", points));
    }

    /** The labels that are found as the model is, then with each threshold; and a PNG of the first. */
    private record Segmented(
            List<Supplier<LabelMap>> labels, Supplier<byte[]> picture, Function<Path, TrueNumbers> truth) {

        static Segmented in(EvaluatedModel model, ThresholdSweep sweep, Path image) throws IOException {
            if (model.takesVolumes()) {
                VolumeSegmentation found = model.find(image);
                return new Segmented(
                        List.of(found::firstLabels), found::overlay, mask -> TrueNumbers.ofVolume(mask, found));
            }
            List<TileCollector<Segmentation>> all = model.find(sweep, image);
            LabelMap mostProbable = mostProbable(all.get(0));
            Segmentation found = all.get(0).finish();
            List<Supplier<LabelMap>> labels = new ArrayList<>();
            labels.add(() -> mostProbable == null ? found.firstLabels() : mostProbable);
            all.stream()
                    .skip(1)
                    .forEach(each -> labels.add(() -> {
                        LabelMap own = mostProbable(each);
                        return own == null ? each.finish().firstLabels() : own;
                    }));
            return new Segmented(
                    labels,
                    () -> SegmentationTask.DEFAULT.picture(found),
                    mask -> TrueNumbers.ofPicture(
                            mask, PNG, found.image().width(), found.image().height()));
        }

        /** Masks of several labels can have a pixel; those of objects that are decoded cannot: null for these. */
        private static @Nullable LabelMap mostProbable(TileCollector<Segmentation> collector) {
            return collector instanceof Segmenter segmenter ? segmenter.mostProbable() : null;
        }
    }

    static void compare(LabelMap found, TrueNumbers mask, List<String> labels, ConfusionMatrix matrix) {
        for (int y = 0; y < found.height(); y++) {
            for (int x = 0; x < found.width(); x++) {
                int truth = mask.numbers().label(x, y);
                if (truth == NOT_JUDGED) {
                    continue;
                }
                if (truth > labels.size()) {
                    throw new IllegalArgumentException(
                            "%s has the value %d at %s; allowed are 0 for background, 1 to %d for the labels %s, and %d for pixels that are not judged"
                                    .formatted(
                                            mask.file(), truth, mask.place(x, y), labels.size(), labels, NOT_JUDGED));
                }
                matrix.add(truth, found.label(x, y));
            }
        }
    }
}
