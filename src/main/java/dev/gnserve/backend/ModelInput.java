package dev.gnserve.backend;

/**
 * What {@code forward} takes for one item of a batch: one tensor, or several by name. Immutable.
 */
public sealed interface ModelInput permits Tensor, TensorGroup {

    /** The number of values. */
    long elements();

    /** Names, types and shapes. Inputs that share a batch have equal ones. */
    Object kind();
}
