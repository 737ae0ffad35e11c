package dev.gnserve.evaluation;

import dev.gnserve.detection.Detection;
import dev.gnserve.detection.NonMaximumSuppression;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Average precision after COCO: detections of all images by falling score, each matched greedily to the free true box of its image and class that
 * it overlaps most, and precision, made monotonic, averaged over recalls of 0, 0.01, ..., 1. At most 100 detections per image count. Not thread-safe.
 */
public final class AveragePrecision {

    private static final int RECALLS = 101;
    private static final int MOST_PER_IMAGE = 100;

    private final List<ImageResult> images = new ArrayList<>();

    private record ImageResult(List<LabelledBox> truth, List<Detection> detections) {}

    private record Judged(float score, boolean hit) {}

    public void add(List<LabelledBox> truth, List<Detection> detections) {
        List<Detection> best = detections.stream()
                .sorted(Comparator.comparingDouble(Detection::score).reversed())
                .limit(MOST_PER_IMAGE)
                .toList();
        images.add(new ImageResult(List.copyOf(truth), best));
    }

    public int images() {
        return images.size();
    }

    /** True boxes of a class. */
    public int objects(int label) {
        return images.stream()
                .mapToInt(image -> (int) image.truth().stream()
                        .filter(box -> box.label() == label)
                        .count())
                .sum();
    }

    /** Of one class at one threshold of overlap; NaN where the class has no true box. */
    public double of(int label, double iou) {
        int objects = objects(label);
        if (objects == 0) {
            return Double.NaN;
        }
        List<Judged> judged = new ArrayList<>();
        images.forEach(image -> judge(image, label, iou, judged));
        judged.sort(Comparator.comparingDouble(Judged::score).reversed());
        double[] precision = new double[judged.size()];
        double[] recall = new double[judged.size()];
        int hits = 0;
        for (int i = 0; i < precision.length; i++) {
            hits += judged.get(i).hit() ? 1 : 0;
            precision[i] = hits / (i + 1.0);
            recall[i] = hits / (double) objects;
        }
        for (int i = precision.length - 2; i >= 0; i--) {
            precision[i] = Math.max(precision[i], precision[i + 1]);
        }
        double sum = 0;
        int at = 0;
        for (int step = 0; step < RECALLS; step++) {
            while (at < recall.length && recall[at] < step / (RECALLS - 1.0)) {
                at++;
            }
            sum += at < precision.length ? precision[at] : 0;
        }
        return sum / RECALLS;
    }

    /** Mean of thresholds 0.5, 0.55, ..., 0.95. */
    public double ofAllThresholds(int label) {
        return IntStream.range(0, 10)
                .mapToDouble(i -> of(label, 0.5 + 0.05 * i))
                .average()
                .orElseThrow();
    }

    private static void judge(ImageResult image, int label, double iou, List<Judged> judged) {
        List<LabelledBox> free = new ArrayList<>(
                image.truth().stream().filter(box -> box.label() == label).toList());
        for (Detection detection : image.detections()) {
            if (detection.label() != label) {
                continue;
            }
            int best = -1;
            double most = iou;
            for (int i = 0; i < free.size(); i++) {
                double overlap = NonMaximumSuppression.iou(free.get(i).box(), detection.box());
                if (overlap >= most) {
                    most = overlap;
                    best = i;
                }
            }
            if (best >= 0) {
                free.remove(best);
            }
            judged.add(new Judged(detection.score(), best >= 0));
        }
    }
}
