package dev.gnserve.evaluation;

import dev.gnserve.detection.Detection;
import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Average precision and recall of boxes by COCO's rules, equal to those of pycocotools 2.0 (COCOeval, iouType "bbox").
 *
 * <p>The detections of all images count by falling score. Each is matched to the true box of its image and class that it overlaps
 * most and that no better one has. Precision, made monotonic, is averaged over recalls of 0, 0.01, ..., 1. Of each class, the 100 best
 * detections of an image count. What matches a crowd, or an object outside the range of areas, counts neither as right nor as wrong.
 * Not thread-safe.
 */
public final class AveragePrecision {

    private static final int RECALLS = 101;
    private static final int THRESHOLDS = 10;
    private static final int MOST_PER_IMAGE = 100;

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

    private record ImageResult(List<LabelledBox> truth, List<Detection> detections) {}

    private record Judged(float score, boolean hit) {}

    /** Detections of one class at one threshold of overlap, and the objects that they should find. */
    private record Curve(List<Judged> judged, int objects) {}

    public void add(List<LabelledBox> truth, List<Detection> detections) {
        images.add(new ImageResult(List.copyOf(truth), List.copyOf(detections)));
    }

    public int images() {
        return images.size();
    }

    /** True boxes of a class, without crowds. */
    public int objects(int label) {
        return images.stream()
                .mapToInt(image -> (int) image.truth().stream()
                        .filter(box -> box.label() == label && !box.crowd())
                        .count())
                .sum();
    }

    /** Of one class at one threshold of overlap; NaN where the class has no true box. */
    public double of(int label, double iou) {
        return of(label, iou, Size.ANY);
    }

    /** The same for objects of one size. */
    public double of(int label, double iou, Size size) {
        Curve curve = curve(label, iou, size);
        if (curve.objects() == 0) {
            return Double.NaN;
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
        double sum = 0;
        int at = 0;
        for (int step = 0; step < RECALLS; step++) {
            // As numpy.linspace makes them: a recall of 7/25 is below 28 * 0.01.
            double wanted = step == RECALLS - 1 ? 1 : step * 0.01;
            while (at < count && recall[at] < wanted) {
                at++;
            }
            sum += at < count ? precision[at] : 0;
        }
        return sum / RECALLS;
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

    /** The part of the objects that are found, mean of the same thresholds; NaN where the class has no true box. */
    public double recall(int label) {
        return IntStream.range(0, THRESHOLDS)
                .mapToDouble(i -> {
                    Curve curve = curve(label, threshold(i), Size.ANY);
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

    private Curve curve(int label, double iou, Size size) {
        List<Judged> judged = new ArrayList<>();
        int objects = 0;
        for (ImageResult image : images) {
            objects += judge(image, label, iou, size, judged);
        }
        judged.sort(Comparator.comparingDouble(Judged::score).reversed());
        return new Curve(judged, objects);
    }

    /** Adds the detections of an image that count. Returns how many objects count. */
    private static int judge(ImageResult image, int label, double iou, Size size, List<Judged> judged) {
        List<LabelledBox> counted = new ArrayList<>();
        List<LabelledBox> ignored = new ArrayList<>();
        for (LabelledBox box : image.truth()) {
            if (box.label() == label) {
                (box.crowd() || !size.has(box.area()) ? ignored : counted).add(box);
            }
        }
        boolean[] taken = new boolean[counted.size()];
        boolean[] ignoredTaken = new boolean[ignored.size()];
        image.detections().stream()
                .filter(detection -> detection.label() == label)
                .sorted(Comparator.comparingDouble(Detection::score).reversed())
                .limit(MOST_PER_IMAGE)
                .forEach(detection -> {
                    int match = best(counted, taken, detection.box(), iou);
                    if (match >= 0) {
                        taken[match] = true;
                        judged.add(new Judged(detection.score(), true));
                        return;
                    }
                    int other = best(ignored, ignoredTaken, detection.box(), iou);
                    if (other >= 0) {
                        ignoredTaken[other] = true;
                    } else if (size.has(
                            detection.box().width() * detection.box().height())) {
                        judged.add(new Judged(detection.score(), false));
                    }
                });
        return counted.size();
    }

    /** The last of those that overlap most; -1 if none overlaps enough. A crowd can be taken several times. */
    private static int best(List<LabelledBox> boxes, boolean[] taken, Box box, double iou) {
        int best = -1;
        double most = Math.min(iou, LARGEST_OVERLAP);
        for (int i = 0; i < boxes.size(); i++) {
            LabelledBox candidate = boxes.get(i);
            if (taken[i] && !candidate.crowd()) {
                continue;
            }
            double overlap = overlap(box, candidate);
            if (overlap >= most) {
                most = overlap;
                best = i;
            }
        }
        return best;
    }

    /** Intersection over union; over the area of the detection where the truth is a crowd. */
    private static double overlap(Box detection, LabelledBox truth) {
        Box box = truth.box();
        double width = Math.min(detection.right(), box.right()) - Math.max(detection.x(), box.x());
        double height = Math.min(detection.bottom(), box.bottom()) - Math.max(detection.y(), box.y());
        if (width <= 0 || height <= 0) {
            return 0;
        }
        double common = width * height;
        double area = detection.width() * detection.height();
        return common / (truth.crowd() ? area : area + box.width() * box.height() - common);
    }
}
