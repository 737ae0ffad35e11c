package dev.gnserve.detection;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The order of detections, best first, such that rounding does not decide. The same image in another batch has scores that differ by
 * about 1e-6. So scores closer than {@value #SAME_SCORE} count as equal, and label and place decide between them; places closer than
 * {@value #SAME_PLACE} pixels count as equal, too.
 *
 * <p>Equality holds in chains: a and c are equal if both are equal to b. A chain of scores that is longer than
 * {@value #LONGEST_CHAIN} is not used, because then the scores do say which box is better.
 */
final class CandidateOrder {

    static final double SAME_SCORE = 1e-5;

    private static final double SAME_PLACE = 0.01;

    private static final double LONGEST_CHAIN = 1e-3;

    /** Decides between detections with equal scores, one after the other. */
    private static final List<ToDoubleFunction<Detection>> KEYS = List.of(
            Detection::label,
            detection -> detection.box().y(),
            detection -> detection.box().x(),
            detection -> detection.box().height(),
            detection -> detection.box().width());

    private static final Comparator<Detection> HIGHEST_FIRST =
            Comparator.comparingDouble(Detection::score).reversed();

    private CandidateOrder() {}

    /** The detections, best first. */
    static List<Detection> bestFirst(List<Detection> detections) {
        List<Detection> sorted = new ArrayList<>(detections);
        sorted.sort(HIGHEST_FIRST);
        for (int from = 0; from < sorted.size(); ) {
            int to = from + 1;
            while (to < sorted.size()
                    && sorted.get(to - 1).score() - sorted.get(to).score() < SAME_SCORE) {
                to++;
            }
            if (sorted.get(from).score() - sorted.get(to - 1).score() < LONGEST_CHAIN) {
                byPlace(sorted.subList(from, to), 0);
            }
            from = to;
        }
        return sorted;
    }

    /** The lowest score that must be kept so that the best {@code most} of these are among the kept ones, whatever the rounding. */
    static float lowest(float[] ascending, int most) {
        int at = ascending.length - most;
        float cut = ascending[at];
        while (at > 0 && ascending[at] - ascending[at - 1] < SAME_SCORE && cut - ascending[at - 1] < LONGEST_CHAIN) {
            at--;
        }
        return ascending[at];
    }

    /** Sorts by a key; where it is equal, by the next. */
    private static void byPlace(List<Detection> detections, int key) {
        if (detections.size() < 2 || key == KEYS.size()) {
            return;
        }
        ToDoubleFunction<Detection> value = KEYS.get(key);
        detections.sort(Comparator.comparingDouble(value));
        for (int from = 0; from < detections.size(); ) {
            int to = from + 1;
            while (to < detections.size()
                    && value.applyAsDouble(detections.get(to)) - value.applyAsDouble(detections.get(to - 1))
                            < SAME_PLACE) {
                to++;
            }
            byPlace(detections.subList(from, to), key + 1);
            from = to;
        }
    }
}
