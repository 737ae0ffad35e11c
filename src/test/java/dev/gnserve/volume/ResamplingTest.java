package dev.gnserve.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ModelsFolder;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.model.VolumeSpec;
import dev.gnserve.numpy.Npz;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values are those of MONAI 1.6.1 (volumes/make_resampled.py); there, labels on the grid of the file are tested through HTTP. */
class ResamplingTest {

    private static final Npz EXPECTED = Npz.read(ModelsFolder.bytes("/volumes/resampled.npz"));

    @ParameterizedTest
    @CsvSource({"finer, RAS, 0.42, 0.9, 0.3", "coarser, LPS, 0.7, 0.5, 2.6"})
    void valuesAreThoseOfMonai(String name, String orientation, double a, double b, double c) {
        VolumeFile file = VolumeFile.open(ModelsFolder.bytes("/volumes/turned.nii.gz"), 1, ImageLimits.DEFAULT);
        AxisOrder order = AxisOrder.oriented(orientation, file.geometry());
        List<Double> spacing = file.geometry().spacing();
        double[] from = order.axes().stream().mapToDouble(spacing::get).toArray();
        Resampling resampling = new Resampling(order.grid(file.shape()), from, new double[] {a, b, c});

        Volume resampled = resampling.apply(file.read(Cancellation.NEVER), Cancellation.NEVER);

        assertThat(resampled.values())
                .containsExactly(EXPECTED.floats("values-" + name), within(2e-3f)); // Of 100 to 1000.
    }

    @Test
    void aHalfIsRoundedToTheEvenSize() {
        AxisOrder.Grid grid = AxisOrder.ZYX.grid(new VolumeShape(1, 11, 9, 13));
        Resampling resampling = new Resampling(grid, new double[] {1.5, 0.7, 1}, new double[] {1.2, 1.9, 0.6});
        // MONAI: 14 x 4 x 21; the sizes before rounding are 13.5, 3.95 and 21.
        assertThat(resampling.shape(1)).isEqualTo(new VolumeShape(1, 14, 4, 21));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.POSITIVE_INFINITY, Double.NaN, 0, -1, Double.MIN_VALUE})
    void aDistanceOfVoxelsThatIsNoneIsRefused(double distance) {
        VolumeSpec spec = new VolumeSpec(
                "zyx",
                null,
                List.of(8, 8, 8),
                List.of(8, 8, 8),
                List.of(0.0, 0.0, 0.0),
                SlidingWindow.Blending.CONSTANT,
                List.of(0, 0, 0),
                List.of(1.0, 1.0, 1.0),
                Resampling.Back.NEAREST,
                false,
                List.of());
        Geometry geometry = new Geometry(List.of(1.0, 1.0, distance), "millimeter", null);
        AxisOrder.Grid grid = AxisOrder.ZYX.grid(new VolumeShape(1, 5, 2, 3));

        assertThatThrownBy(() -> spec.resampling(geometry, AxisOrder.ZYX, grid))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("the distances [1.0, 1.0, " + distance + "]; correct them in the file");
    }

    @Test
    void everyPlaneOfTheFileGetsTheNearestOne() {
        AxisOrder.Grid grid = AxisOrder.ZYX.grid(new VolumeShape(1, 5, 2, 3));
        Resampling resampling = new Resampling(grid, new double[] {1, 1, 1}, new double[] {2, 1, 0.5});
        assertThat(resampling.shape(1)).isEqualTo(new VolumeShape(1, 3, 2, 5));
        List<float[]> planes = new ArrayList<>();
        WindowBlender.Planes back = resampling.back(Resampling.Back.NEAREST, 1, (number, values) -> {
            assertThat(number).isEqualTo(planes.size());
            planes.add(values.clone());
        });
        for (int plane = 0; plane < 3; plane++) {
            float[] values = new float[10];
            for (int i = 0; i < 10; i++) {
                values[i] = 100 * plane + i;
            }
            back.plane(plane, values);
        }
        // 0, 0.5, 1, 1.5 and 2 along the first axis; halves go to the even plane.
        assertThat(planes).hasSize(5);
        assertThat(planes.get(0)).containsExactly(0, 2, 4, 5, 7, 9);
        assertThat(planes.get(1)).containsExactly(0, 2, 4, 5, 7, 9);
        assertThat(planes.get(2)).containsExactly(100, 102, 104, 105, 107, 109);
        assertThat(planes.get(3)).containsExactly(200, 202, 204, 205, 207, 209);
        assertThat(planes.get(4)).containsExactly(200, 202, 204, 205, 207, 209);
    }
}
