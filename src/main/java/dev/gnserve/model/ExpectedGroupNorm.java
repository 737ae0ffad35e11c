package dev.gnserve.model;

import org.jspecify.annotations.Nullable;

/**
 * What every Group Normalization of a model must have, from the training code. If an archive was exported with another epsilon or
 * number of groups, nothing in the archive shows the mistake.
 *
 * @param groups number of groups, or null for any
 * @param epsilon term added to the variance, or null for any
 */
public record ExpectedGroupNorm(
        @Nullable Integer groups, @Nullable Double epsilon) {

    /** No expectation. */
    public static final ExpectedGroupNorm ANY = new ExpectedGroupNorm(null, null);

    public ExpectedGroupNorm {
        if (groups != null && groups < 1) {
            throw new IllegalArgumentException("groups is " + groups + ", allowed is 1 or more");
        }
        if (epsilon != null && !(epsilon > 0 && epsilon <= 1)) {
            throw new IllegalArgumentException("epsilon is " + epsilon + ", allowed is above 0 and up to 1");
        }
    }
}
