package dev.gnserve.archive;

import org.jspecify.annotations.Nullable;

/**
 * What an archive declares about a Group Normalization. A pass may do something else. A field is null if the archive does not
 * declare it.
 *
 * @param layer name of the {@link NormalizationLayer}
 * @param weight scale per channel (gamma)
 * @param bias shift per channel (beta)
 */
public record GroupNormDeclaration(
        String layer,
        @Nullable Integer groups,
        @Nullable Double epsilon,
        @Nullable Boolean affine,
        @Nullable StoredTensor weight,
        @Nullable StoredTensor bias) {}
