package dev.gnserve.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Average precision and recall by COCO's rules, equal to those of pycocotools 2.0 (COCOeval, iouType "segm" where objects have pixels, or
 * else "bbox").
 *
 * <p>The detections of all images count by falling score. Each is matched to the true object of its image and class that it overlaps
 * most and that no better one has. Precision, made monotonic, is averaged over recalls of 0, 0.01, ..., 1. Of each class, the 100 best
 * detections of an image count. What matches a crowd, or an object outside the range of areas, counts neither as right nor as wrong.
 * Not thread-safe.
 */
public final class AveragePrecision {

    private static final int RECALLS = 101;
    private static final int THRESHOLDS = 10;

    /** Detections of a class. */
    static final int MOST_PER_IMAGE = 100;

    /** A box with itself may overlap by a little less than 1. */
    private static final double LARGEST_OVERLAP = 1 - 1e-10;

    /** Which objects count, by their area in pixels. */
    public enum Size {
        ANY(0, 1e10),
        SMALL(0, 32 * 32),
        MEDIUM(32 * 32, 96 * 96),
        LARGE(96 * 96, 1e10);

        private final double least;
        private final double most;

        Size(double least, double most) {
            this.least = least;
            this.most = most;
        }

        private boolean has(double area) {
            return area >= least && area <= most;
        }
    }

    private final List<ImageResult> images = new ArrayList<>();

    /** @param overlaps [detection][true object] of the same class; 0 for others */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    private record ImageResult(List<LabelledBox> truth, List<Found> detections, double[][] overlaps) {

        static ImageResult of(List<LabelledBox> truth, List<Found> found) {
            // The order of COCO's tools: falling scores, equal ones as they come.
            List<Found> sorted = found.stream()
                    .sorted(Comparator.comparingDouble(Found::score).reversed())
                    .toList();
            double[][] overlaps = new double[sorted.size()][truth.size()];
            for (int i = 0; i < sorted.size(); i++) {
                for (int j = 0; j < truth.size(); j++) {
                    if (sorted.get(i).label() == truth.get(j).label()) {
                        overlaps[i][j] = truth.get(j).overlap(sorted.get(i));
                    }
                }
            }
            return new ImageResult(List.copyOf(truth), sorted, overlaps);
        }
    }

    private record Judged(float score, boolean hit) {}

    /** Detections of one class at one threshold of overlap, and the objects that they should find. */
    private record Ranking(List<Judged> judged, int objects) {}

    /** Adds an image with its true objects and what was found in it. */
    public void add(List<LabelledBox> truth, List<Found> found) {
        images.add(ImageResult.of(truth, found));
    }

    public int images() {
        return images.size();
    }

    /** True objects of a class, without crowds. */
    public int objects(int label) {
        return images.stream()
                .mapToInt(image -> (int) image.truth().stream()
                        .filter(box -> box.label() == label && !box.crowd())
                        .count())
                .sum();
    }

    /** Of one class at one threshold of overlap; NaN where the class has no true object. */
    public double of(int label, double iou) {
        return of(label, iou, Size.ANY);
    }

    /** The same for objects of one size. */
    public double of(int label, double iou, Size size) {
        double[] precisions = precisions(label, iou, size);
        return precisions.length == 0 ? Double.NaN : Arrays.stream(precisions).sum() / RECALLS;
    }

    /** The precision at recalls of 0, 0.01, ..., 1, made monotonic; empty where the class has no true object. */
    double[] precisions(int label, double iou) {
        return precisions(label, iou, Size.ANY);
    }

    private double[] precisions(int label, double iou, Size size) {
        Ranking curve = ranking(label, iou, size);
        if (curve.objects() == 0) {
            return new double[0];
        }
        int count = curve.judged().size();
        double[] precision = new double[count];
        double[] recall = new double[count];
        int hits = 0;
        for (int i = 0; i < count; i++) {
            hits += curve.judged().get(i).hit() ? 1 : 0;
            precision[i] = hits / (i + 1.0);
            recall[i] = hits / (double) curve.objects();
        }
        for (int i = count - 2; i >= 0; i--) {
            precision[i] = Math.max(precision[i], precision[i + 1]);
        }
        double[] atRecalls = new double[RECALLS];
        int at = 0;
        for (int step = 0; step < RECALLS; step++) {
            // As numpy.linspace makes them: a recall of 7/25 is below 28 * 0.01.
            double wanted = step == RECALLS - 1 ? 1 : step * 0.01;
            while (at < count && recall[at] < wanted) {
                at++;
            }
            atRecalls[step] = at < count ? precision[at] : 0;
        }
        return atRecalls;
    }

    /** Precision over recall at an overlap of 0.5, of the classes that have true objects. */
    List<Curve> curves(List<String> labels) {
        List<Curve> curves = new ArrayList<>();
        for (int label = 0; label < labels.size(); label++) {
            double[] precisions = precisions(label, 0.5);
            List<Curve.Point> points = new ArrayList<>();
            for (int i = 0; i < precisions.length; i++) {
                points.add(new Curve.Point(i / (RECALLS - 1.0), precisions[i]));
            }
            if (!points.isEmpty()) {
                curves.add(new Curve(labels.get(label), points));
            }
        }
        return curves;
    }

    /**
     * The lowest score at which the F1 score of all classes together, at an overlap of 0.5, is highest; null if nothing is found.
     *
     * @param labels how many
     * @param most best detections of an image that count, of all classes together: those that could be served
     */
    @Nullable
    BestThreshold bestThreshold(int labels, int most) {
        List<Judged> all = new ArrayList<>();
        int objects = 0;
        for (int label = 0; label < labels; label++) {
            Ranking curve = ranking(label, 0.5, Size.ANY, most, most);
            all.addAll(curve.judged());
            objects += curve.objects();
        }
        all.sort(Comparator.comparingDouble(Judged::score).reversed());
        BestThreshold best = null;
        int hits = 0;
        for (int i = 0; i < all.size(); i++) {
            hits += all.get(i).hit() ? 1 : 0;
            boolean lastOfScore =
                    i + 1 == all.size() || all.get(i + 1).score() < all.get(i).score();
            double f1 = 2.0 * hits / (i + 1 + objects);
            if (lastOfScore && (best == null || f1 > best.f1())) {
                best = new BestThreshold(all.get(i).score(), f1);
            }
        }
        return best;
    }

    /** Mean of thresholds 0.5, 0.55, ..., 0.95. */
    public double ofAllThresholds(int label) {
        return ofAllThresholds(label, Size.ANY);
    }

    /** The same for objects of one size. */
    public double ofAllThresholds(int label, Size size) {
        return IntStream.range(0, THRESHOLDS)
                .mapToDouble(i -> of(label, threshold(i), size))
                .average()
                .orElseThrow();
    }

    /** The part of the objects that are found, mean of the same thresholds; NaN where the class has no true object. */
    public double recall(int label) {
        return IntStream.range(0, THRESHOLDS)
                .mapToDouble(i -> {
                    Ranking curve = ranking(label, threshold(i), Size.ANY);
                    long hits = curve.judged().stream().filter(Judged::hit).count();
                    return curve.objects() == 0 ? Double.NaN : hits / (double) curve.objects();
                })
                .average()
                .orElseThrow();
    }

    /** As numpy.linspace makes them. */
    private static double threshold(int i) {
        return i == THRESHOLDS - 1 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / (THRESHOLDS - 1));
    }

    private Ranking ranking(int label, double iou, Size size) {
        return ranking(label, iou, size, Integer.MAX_VALUE, MOST_PER_IMAGE);
    }

    /**
     * @param most best detections of an image that count
     * @param mostOfClass of them that count of one class
     */
    private Ranking ranking(int label, double iou, Size size, int most, int mostOfClass) {
        List<Judged> judged = new ArrayList<>();
        int objects = 0;
        for (ImageResult image : images) {
            objects += judge(image, label, iou, size, most, mostOfClass, judged);
        }
        judged.sort(Comparator.comparingDouble(Judged::score).reversed());
        return new Ranking(judged, objects);
    }

    /** Adds the detections of an image that count. Returns how many objects count. */
    private static int judge(
            ImageResult image, int label, double iou, Size size, int most, int mostOfClass, List<Judged> judged) {
        List<Integer> counted = new ArrayList<>();
        List<Integer> ignored = new ArrayList<>();
        for (int i = 0; i < image.truth().size(); i++) {
            LabelledBox object = image.truth().get(i);
            if (object.label() == label) {
                (object.crowd() || !size.has(object.area()) ? ignored : counted).add(i);
            }
        }
        boolean[] taken = new boolean[image.truth().size()];
        int judgedHere = 0;
        for (int i = 0; i < Math.min(most, image.detections().size()) && judgedHere < mostOfClass; i++) {
            Found found = image.detections().get(i);
            if (found.label() != label) {
                continue;
            }
            judgedHere++;
            int match = best(image, i, counted, taken, iou);
            int other = match >= 0 ? -1 : best(image, i, ignored, taken, iou);
            if (match >= 0) {
                taken[match] = true;
                judged.add(new Judged(found.score(), true));
            } else if (other >= 0) {
                taken[other] = true;
            } else if (size.has(found.area())) {
                judged.add(new Judged(found.score(), false));
            }
        }
        return counted.size();
    }

    /** The last of those that overlap most; -1 if none overlaps enough. A crowd can be taken several times. */
    private static int best(ImageResult image, int detection, List<Integer> objects, boolean[] taken, double iou) {
        int best = -1;
        double most = Math.min(iou, LARGEST_OVERLAP);
        for (int i : objects) {
            if (taken[i] && !image.truth().get(i).crowd()) {
                continue;
            }
            double overlap = image.overlaps()[detection][i];
            if (overlap >= most) {
                most = overlap;
                best = i;
            }
        }
        return best;
    }
}
