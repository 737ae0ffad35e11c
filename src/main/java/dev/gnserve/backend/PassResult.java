package dev.gnserve.backend;

import java.time.Duration;
import java.util.List;

/**
 * One forward pass over a batch.
 *
 * @param predictions one per input, in their order
 * @param assemble time from separate inputs to the batch in native memory
 * @param infer time of the forward pass, until its result can be read
 * @param split time from the batch's outputs to one prediction per input
 * @param resultPerInput whether the model itself gave each input a result, whose tensors may differ in size from those of others: as
 *     a rule they are as long as the model found something; else a batched output was split along its first axis
 */
public record PassResult(
        List<Prediction> predictions, Duration assemble, Duration infer, Duration split, boolean resultPerInput) {}
