package dev.gnserve.backend;

import java.time.Duration;
import java.util.List;

/**
 * The result of one forward pass over a batch.
 *
 * @param predictions one per input, in the order of the inputs
 * @param assemble time to join the inputs to a batch in native memory
 * @param infer time of the forward pass, until its result can be read
 * @param split time to split the outputs into one prediction per input
 * @param resultPerInput true if the model returned a separate result for each input, whose sizes may differ, such as one row per
 *     detection; false if batched outputs were split along their first axis
 */
public record PassResult(
        List<Prediction> predictions, Duration assemble, Duration infer, Duration split, boolean resultPerInput) {}
