package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PixelLabelsTest {

    /** 1 - 2^-24 and 2^-22 are floats, and their sum rounds to 1 + 2^-22. */
    @Test
    void interiorAndRimAreAtMostOneTogetherSoThatNoPixelIsAboveAThresholdOfOne() {
        PixelLabels labels = new PixelLabels(
                ManifestReader.read(
                        "model.yaml",
                        "task: segmentation\nlabels: [a]\noutput: {channels: [background, a, boundary]}\n"),
                1);
        float[] probabilities = {0, 0.5f, 0x1.fffffep-1f, 0.25f, 0x1p-22f, 0.25f};
        float[] foreground = new float[2];

        labels.foreground(0, probabilities, 2, foreground);

        assertThat(probabilities[2] + probabilities[4]).as("in float32").isGreaterThan(1);
        assertThat(foreground).containsExactly(1, 0.5f);
        assertThat(labels.isIn(0, foreground[0])).isFalse();
    }
}
