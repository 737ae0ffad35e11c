package dev.gnserve.archive;

import org.jspecify.annotations.Nullable;

/**
 * What an archive says of a Group Normalization, apart from what a run then does. A field is null where the archive does
 * not say.
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
