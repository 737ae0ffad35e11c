package dev.gnserve.archive;

import org.jspecify.annotations.Nullable;

/**
 * One normalization layer of a model. A field is null where the archive does not fix its value.
 *
 * @param name path of the module ({@code head.0.norm}); a call outside a module of its own is named after the module it
 *     stands in and the function it calls ({@code decoder.group_norm}, {@code group_norm.2})
 * @param groups number of groups; Group Normalization only
 * @param channels number of channels that it normalizes
 * @param epsilon what is added to the variance
 * @param affine whether it scales and shifts by learned weights
 * @param verifiable whether its calls can be compared with an exact reference while the model runs
 * @param reason why it cannot be verified, or what contradicts itself in its declaration; null otherwise
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
