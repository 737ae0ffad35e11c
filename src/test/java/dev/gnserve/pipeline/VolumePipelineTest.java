package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.ModelsFolder;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.Volume;
import dev.gnserve.volume.VolumeShape;
import org.junit.jupiter.api.Test;

class VolumePipelineTest {

    /** The lists of windows may be large, too. */
    @Test
    void aHeapThatIsTooSmallForThePlanIsAFailureOfTheVolume() {
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: segmentation
                labels: [a]
                input: {channels: 1, volume: {window: [8, 8, 8]}}
                """);
        VolumeTask<String> task = new VolumeTask<>() {
            @Override
            public long bytes(ModelManifest of, VolumeShape shape) {
                throw new OutOfMemoryError("Java heap space");
            }

            @Override
            public Collector<String> collector(ModelManifest of, Volume volume, AxisOrder.Grid grid) {
                throw new IllegalStateException("not planned");
            }
        };
        Upload upload = new Upload("plain.npy", ModelsFolder.bytes("/volumes/plain.npy"));

        assertThatThrownBy(() -> VolumePipeline.forCommands()
                        .whole(
                                task,
                                manifest,
                                (input, deadline) -> {
                                    throw new IllegalStateException("not planned");
                                },
                                upload))
                .isInstanceOfSatisfying(FailureException.class, e -> {
                    assertThat(e.failure().code()).isEqualTo(FailureCode.IMAGE_TOO_LARGE);
                });
    }
}
