package dev.gnserve.archive;

import org.jspecify.annotations.Nullable;

/**
 * One normalization layer of a model. A field is null if the archive does not fix its value.
 *
 * @param name path of the module ({@code head.0.norm}). A call without its own module is named after the module that contains
 *     it and the function that it calls ({@code decoder.group_norm}, {@code group_norm.2})
 * @param groups number of groups; Group Normalization only
 * @param channels number of normalized channels
 * @param epsilon term added to the variance
 * @param affine whether the layer has learned weights
 * @param verifiable whether its calls can be compared with float64 while the model runs
 * @param reason why it cannot be verified, or the contradiction in its declaration; or null
 */
public record NormalizationLayer(
        String name,
        NormalizationKind kind,
        @Nullable Integer groups,
        @Nullable Integer channels,
        @Nullable Double epsilon,
        @Nullable Boolean affine,
        boolean verifiable,
        @Nullable String reason) {}
