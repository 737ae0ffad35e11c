package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ManifestThresholdTest {

    @Test
    void onlyTheNumberChanges() {
        assertThat(ManifestThreshold.SCORE.changed(
                        "a: 1\nthresholds:  # of boxes\n  iou: 0.6\n\n  score: 0.5 # old\nb: 2\n", 0.25f))
                .isEqualTo("a: 1\nthresholds:  # of boxes\n  iou: 0.6\n\n  score: 0.25 # old\nb: 2\n");
        assertThat(ManifestThreshold.SCORE.changed("thresholds: {iou: 0.6, score: 0.5}\n", 0.25f))
                .isEqualTo("thresholds: {iou: 0.6, score: 0.25}\n");
    }

    @Test
    void whatIsMissingIsAdded() {
        assertThat(ManifestThreshold.SCORE.changed("a: 1", 0.25f)).isEqualTo("a: 1\nthresholds:\n  score: 0.25\n");
        assertThat(ManifestThreshold.SCORE.changed("thresholds:\n  iou: 0.6\n", 0.25f))
                .isEqualTo("thresholds:\n  score: 0.25\n  iou: 0.6\n");
    }

    @Test
    void aScoreOfAnotherSectionStays() {
        assertThat(ManifestThreshold.SCORE.changed("thresholds:\n  iou: 0.6\nother:\n  score: 0.5\n", 0.25f))
                .isEqualTo("thresholds:\n  score: 0.25\n  iou: 0.6\nother:\n  score: 0.5\n");
    }
}
