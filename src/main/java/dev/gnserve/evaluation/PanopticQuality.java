package dev.gnserve.evaluation;

import java.util.ArrayList;
import java.util.List;

/**
 * Panoptic quality of the objects of one class (Kirillov et al. 2019, "Panoptic Segmentation", equations 1 and 2): a found and a true object
 * match at an intersection over union above 0.5; PQ is the sum of the overlaps of the matches over their number, half the false alarms and half
 * the missed objects. It is the product of SQ, the mean overlap of the matches, and RQ, the F1 score of the objects. What lies in a crowd
 * by more than half counts neither as right nor as wrong. Not thread-safe.
 */
final class PanopticQuality {

    private static final double MATCH = 0.5;

    private double overlaps;
    private int hits;
    private int alarms;
    private int missed;

    /** Adds the objects of one class in one image. */
    void add(List<LabelledBox> truth, List<Found> found) {
        List<LabelledBox> open = new ArrayList<>(truth.stream()
                .filter(object -> !object.crowd() && object.extent() > 0)
                .toList());
        for (Found candidate : found) {
            LabelledBox match = null;
            double most = MATCH;
            for (LabelledBox object : open) {
                double overlap = object.overlap(candidate);
                if (overlap > most) {
                    most = overlap;
                    match = object;
                }
            }
            if (match != null) {
                open.remove(match);
                overlaps += most;
                hits++;
            } else if (truth.stream().noneMatch(object -> object.crowd() && object.overlap(candidate) > MATCH)) {
                alarms++;
            }
        }
        missed += open.size();
    }

    void add(PanopticQuality other) {
        overlaps += other.overlaps;
        hits += other.hits;
        alarms += other.alarms;
        missed += other.missed;
    }

    int hits() {
        return hits;
    }

    /** True ones that have pixels, without crowds. */
    int objects() {
        return hits + missed;
    }

    /** The part of what was found that matches; NaN if nothing was found. */
    double precision() {
        return hits / (hits + (double) alarms);
    }

    /** The part of the true objects that was found; NaN if there is none. */
    double recall() {
        return hits / (hits + (double) missed);
    }

    /** PQ; NaN if there is no object, true or found. */
    double pq() {
        return overlaps / (hits + 0.5 * alarms + 0.5 * missed);
    }

    /** SQ; NaN if there is no match. */
    double sq() {
        return overlaps / hits;
    }

    /** RQ; NaN if there is no object, true or found. */
    double rq() {
        return hits / (hits + 0.5 * alarms + 0.5 * missed);
    }
}
