package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.failure.FailureException;
import java.util.List;

/** A detector that returns the levels of its head, before their decoding. */
public sealed interface HeadSpec extends FamilySpec permits FcosSpec, RetinaNetSpec, YoloSpec, YoloLevels {

    /** Candidates of a level that take part in the suppression, at most, the best ones. */
    int candidates();

    /** Steps of the levels in input pixels; empty where the sizes of the levels show them. */
    List<Integer> strides();

    /**
     * The boxes of all locations.
     *
     * @param prediction the levels of one input
     * @param labels number of labels
     * @param width of the input
     * @param height of the input
     * @param least scores below it may be 0, which saves their exponentials
     * @throws FailureException ENGINE_FAULT if the outputs are no such levels
     */
    HeadBoxes decode(Prediction prediction, int labels, int width, int height, float least);

    /**
     * Decoded boxes. Arrays are shared, not copied.
     *
     * @param boxes float32 [locations, 4]: left, top, right, bottom in input pixels
     * @param scores float32 [locations, labels]: 0 to 1
     * @param ends for each level the location after its last one
     */
    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    record HeadBoxes(float[] boxes, float[] scores, List<Integer> ends) {

        public HeadBoxes {
            ends = List.copyOf(ends);
        }
    }
}
