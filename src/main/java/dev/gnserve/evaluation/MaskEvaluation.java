package dev.gnserve.evaluation;

import dev.gnserve.image.LabelMap;
import dev.gnserve.model.ModelSource;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.segmentation.Segmentation;
import dev.gnserve.segmentation.SegmentationTask;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * Judges a model of segmentation on a folder with {@code images/} and {@code masks/}. A mask is a PNG of one channel (gray or palette) with
 * the name of its image up to the last dot and the size of the upright image. Its values are 0 for background, the number of a label of
 * the model from 1, and 255 for pixels that are not judged.
 */
public final class MaskEvaluation {

    private static final int NOT_JUDGED = 255;

    private MaskEvaluation() {}

    /**
     * Evaluates a model on all images that have a mask.
     *
     * @param folder with {@code images/} and {@code masks/}
     * @param withWorst whether the worst images are kept
     * @param tries the text of model.yaml with each threshold to try; may be empty
     * @param progress is told the number of images done
     * @throws IllegalArgumentException if an image has no mask, or a mask does not go with its image or the model
     */
    public static Evaluation<MaskReport> run(
            ModelSource source, Path folder, boolean withWorst, Map<Float, String> tries, IntConsumer progress)
            throws IOException {
        Map<Path, Path> maskOfImage = pairs(folder, "masks", List.of(".png"));
        WorstImages worst = new WorstImages(withWorst);
        try (EvaluatedModel model = EvaluatedModel.open(source)) {
            List<String> labels = model.manifest().labels();
            ConfusionMatrix matrix = new ConfusionMatrix(labels.size() + 1);
            ThresholdSweep sweep = model.sweep(source, tries);
            List<ConfusionMatrix> tried = sweep.thresholds().stream()
                    .map(threshold -> new ConfusionMatrix(labels.size() + 1))
                    .toList();
            int done = 0;
            for (Map.Entry<Path, Path> pair : maskOfImage.entrySet()) {
                List<TileCollector<Segmentation>> all = model.find(sweep, pair.getKey());
                Segmentation found = all.get(0).finish();
                ConfusionMatrix ofImage = new ConfusionMatrix(labels.size() + 1);
                compare(found.firstLabels(), pair.getValue(), labels, ofImage);
                matrix.add(ofImage);
                for (int i = 0; i < tried.size(); i++) {
                    compare(all.get(i + 1).finish().firstLabels(), pair.getValue(), labels, tried.get(i));
                }
                double iou = ofImage.meanIou();
                worst.offer(
                        String.valueOf(pair.getKey().getFileName()),
                        iou,
                        "mean IoU %.3f, %.1f %% of the pixels right".formatted(iou, 100 * ofImage.accuracy()),
                        () -> SegmentationTask.DEFAULT.picture(found));
                progress.accept(++done);
            }
            List<MaskThreshold> thresholds = IntStream.range(0, tried.size())
                    .mapToObj(i -> MaskThreshold.of(
                            sweep.thresholds().get(i), tried.get(i).meanDice()))
                    .toList();
            MaskReport report =
                    MaskReport.of(source.name(), source.version(), folder.toString(), done, labels, matrix, thresholds);
            return new Evaluation<>(report, Evaluation.THRESHOLDS, curves(thresholds), worst.list());
        }
    }

    private static List<Curve> curves(List<MaskThreshold> thresholds) {
        List<Curve.Point> points = thresholds.stream()
                .filter(each -> each.figure() != null)
                .map(each -> new Curve.Point(each.mask(), each.figure()))
                .toList();
        return points.isEmpty() ? List.of() : List.of(new Curve("mean Dice", points));
    }

    /**
     * The file of truth for each image.
     *
     * @param truths name of the folder beside {@code images}
     * @param endings that such a file may have
     */
    static Map<Path, Path> pairs(Path folder, String truths, List<String> endings) throws IOException {
        Map<Path, Path> pairs = new TreeMap<>();
        if (!Files.isDirectory(folder.resolve("images")) || !Files.isDirectory(folder.resolve(truths))) {
            throw new IllegalArgumentException(folder + " has not both folders images and " + truths);
        }
        try (Stream<Path> files = Files.list(folder.resolve("images"))) {
            for (Path image : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = String.valueOf(image.getFileName());
                if (name.startsWith(".")) {
                    continue;
                }
                int dot = name.lastIndexOf('.');
                Path stem = folder.resolve(truths).resolve(dot < 0 ? name : name.substring(0, dot));
                pairs.put(
                        image,
                        endings.stream()
                                .map(ending -> Path.of(stem + ending))
                                .filter(Files::isRegularFile)
                                .findFirst()
                                .orElseThrow(() -> new IllegalArgumentException(image + " has no file of truth " + stem
                                        + String.join(" or ", endings) + ". Add it, or move the image away")));
            }
        }
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException(folder.resolve("images") + " has no images");
        }
        return pairs;
    }

    static void compare(LabelMap found, Path mask, List<String> labels, ConfusionMatrix matrix) throws IOException {
        BufferedImage read = ImageIO.read(mask.toFile());
        if (read == null || read.getRaster().getNumBands() != 1) {
            throw new IllegalArgumentException(mask + " is not a PNG with one channel (gray or palette)");
        }
        if (read.getWidth() != found.width() || read.getHeight() != found.height()) {
            throw new IllegalArgumentException("%s has %d x %d pixels, and its image %d x %d"
                    .formatted(mask, read.getWidth(), read.getHeight(), found.width(), found.height()));
        }
        Raster values = read.getRaster();
        for (int y = 0; y < found.height(); y++) {
            for (int x = 0; x < found.width(); x++) {
                int truth = values.getSample(x, y, 0);
                if (truth == NOT_JUDGED) {
                    continue;
                }
                if (truth > labels.size()) {
                    throw new IllegalArgumentException(
                            "%s has the value %d at (%d, %d); allowed are 0 for background, 1 to %d for the labels %s, and %d for pixels that are not judged"
                                    .formatted(mask, truth, x, y, labels.size(), labels, NOT_JUDGED));
                }
                matrix.add(truth, found.label(x, y));
            }
        }
    }
}
