package dev.gnserve.instances;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ModelsFolder;
import dev.gnserve.image.Cancellation;
import dev.gnserve.model.WatershedSpec;
import dev.gnserve.numpy.Npz;
import dev.gnserve.volume.LabelVoxels;
import dev.gnserve.volume.ObjectGrid;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expected objects are those of SciPy, scikit-image and elf (volumes/make_watershed.py). */
class BoundaryWatershedTest {

    private static final Npz EXPECTED = Npz.read(ModelsFolder.bytes("/volumes/watershed.npz"));
    private static final int[] SIZES = {20, 36, 44};

    private static float[] probabilities(String name) {
        float[] values = EXPECTED.floats(name).clone();
        for (int i = 0; i < values.length; i++) {
            values[i] /= 255;
        }
        return values;
    }

    private static BitSet inside() {
        float[] values = probabilities("inside");
        BitSet inside = new BitSet();
        for (int i = 0; i < values.length; i++) {
            inside.set(i, values[i] > 0.5);
        }
        return inside;
    }

    private static WatershedSpec spec(int minimumArea, boolean planes) {
        return new WatershedSpec(0.5f, 1, 2, minimumArea, 1, List.of(1.0, 1.0, 1.0), planes);
    }

    private static int[] find(WatershedSpec spec, float[] boundary, int... sizes) {
        return new BoundaryWatershed(spec, Cancellation.NEVER).find(boundary, null, sizes);
    }

    @ParameterizedTest
    @CsvSource({
        "usual, 1, 2, 100, 1, 1, false",
        "blended, 1.5, 0, 20, 0.6, 1, false",
        "pitch, 1, 1, 0, 0.9, 2, false",
        "all, 1, 2, 1, 1, 1, false",
        "masked, 1, 2, 30, 0.8, 1, false",
        "planes, 1, 2, 10, 1, 1, true"
    })
    void objectsAreThoseOfTheReference(
            String name, float seed, float boundary, int area, float alpha, double pitch, boolean planes) {
        WatershedSpec spec = new WatershedSpec(0.5f, seed, boundary, area, alpha, List.of(pitch, 1.0, 1.0), planes);
        float[] probabilities = probabilities("boundary");
        BitSet inside = name.equals("masked") ? inside() : null;

        int[] ids = new BoundaryWatershed(spec, Cancellation.NEVER).find(probabilities, inside, SIZES);

        float[] expected = EXPECTED.floats(name);
        int[] painted = new int[ids.length];
        LabelVoxels objects = ObjectGrid.of(ids, SIZES, place -> 1 - probabilities[place], 0);
        objects.paint((object, a, b, c, length) -> {
            int place = (a * SIZES[1] + b) * SIZES[2] + c;
            Arrays.fill(painted, place, place + length, object);
        });
        for (int i = 0; i < painted.length; i++) {
            assertThat(painted[i]).as("voxel %d", i).isEqualTo((int) expected[i]);
        }
        long voxels = 0;
        double score = 0;
        for (int i = 0; i < painted.length; i++) {
            voxels += painted[i] == 1 ? 1 : 0;
            score += painted[i] == 1 ? 1 - probabilities[i] : 0;
        }
        LabelVoxels.Found first = objects.objects().get(0);
        assertThat(first.voxels()).isEqualTo(voxels);
        assertThat(first.score()).isCloseTo(score / voxels, within(1e-6));
    }

    @Test
    void smallObjectsHaveVoxelsButNoNumber() {
        LabelVoxels objects = ObjectGrid.of(new int[] {7, 0, 3, 3}, new int[] {1, 2, 2}, place -> 1, 2);

        assertThat(objects.voxels()).isEqualTo(3);
        assertThat(objects.objects()).hasSize(1);
        StringBuilder runs = new StringBuilder();
        objects.paint(
                (object, a, b, c, length) -> runs.append("%d at %d,%d,%d x%d;".formatted(object, a, b, c, length)));
        assertThat(runs).hasToString("0 at 0,0,0 x1;1 at 0,1,0 x2;");
    }

    @Test
    void aVolumeWithoutBoundariesIsOneObjectAndOneOfBoundariesHasNone() {
        assertThat(find(spec(1, false), new float[24], 2, 3, 4)).containsOnly(1);
        float[] full = new float[24];
        Arrays.fill(full, 1);
        assertThat(find(spec(1, false), full, 2, 3, 4)).containsOnly(0);
    }

    @Test
    void objectsThatAreAllTooSmallAreNone() {
        float[] boundary = {0, 0, 1, 0, 0};
        assertThat(find(spec(1, false), boundary, 1, 1, 5)).containsExactly(1, 1, 1, 2, 2);
        assertThat(find(spec(6, false), boundary, 1, 1, 5)).containsOnly(0);
    }

    @Test
    void itStopsWhenItIsNotWanted() {
        Cancellation stops = () -> {
            throw new IllegalStateException("stopped");
        };
        float[] boundary = {0, 0, 1, 0, 0};

        assertThatThrownBy(() -> new BoundaryWatershed(spec(1, false), stops).find(boundary, null, new int[] {1, 1, 5}))
                .hasMessage("stopped");
    }
}
