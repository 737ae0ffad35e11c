package dev.gnserve.segmentation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.volume.ArrayFile;
import dev.gnserve.volume.VolumeShape;
import org.junit.jupiter.api.Test;

class VolumeRequestTest {

    private static final VolumeShape SHAPE = new VolumeShape(1, 10, 10, 10);

    private static ModelManifest manifest(String labels, String output) {
        return ManifestReader.read(
                "model.yaml",
                "task: segmentation\nlabels: " + labels + "\ninput: {volume: {window: [8, 8, 8]}}\noutput: " + output);
    }

    private static VolumeRequest masks() {
        return new VolumeRequest(null, true, true, null, VolumeRequest.Content.LABELS);
    }

    /** Numbers of one label at a time, and the strings of all. */
    @Test
    void masksOfLabelsThatOverlapArePlannedForEachLabel() {
        assertThat(masks().responseBytes(manifest("[a, b, c]", "{decoder: softmax}"), SHAPE))
                .isEqualTo(12_000);
        assertThat(masks().responseBytes(manifest("[a, b, c]", "{decoder: sigmoid}"), SHAPE))
                .isEqualTo(20_000);
    }

    @Test
    void theFloodBetweenBoundariesIsPlanned() {
        ModelManifest manifest = manifest("[a]", "{decoder: watershed}");
        VolumeRequest file =
                new VolumeRequest(null, true, false, ArrayFile.Format.NIFTI, VolumeRequest.Content.OBJECTS);

        assertThat(file.bytes(manifest, SHAPE)).as("probabilities and a mask").isEqualTo(5_000);
        assertThat(file.responseBytes(manifest, SHAPE))
                .as("numbers, relief, ages and heap")
                .isEqualTo(16_000);
        assertThat(masks().responseBytes(manifest, SHAPE))
                .as("numbers and masks")
                .isEqualTo(16_000);
    }
}
