package dev.gnserve.classification;

import io.swagger.v3.oas.annotations.media.Schema;

/**
 * A label with its score.
 *
 * @param score 0 to 1; with softmax, the scores of all labels sum to 1
 */
public record LabelScore(
        @Schema(example = "lymphocyte") String label,
        @Schema(example = "0.91") double score) {}
