package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.evaluation.LabelledBox;
import dev.gnserve.image.Box;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class FcosTargetTest {

    /** Of a 64 x 64 input: 8 x 8 locations at stride 8, 4 x 4 at 16, 2 x 2 at 32. */
    private static final int LOCATIONS = 84;

    @Test
    void smallObjectBelongsToTheFinestLevelAroundItsCentre() {
        FcosTarget target = FcosTarget.of(List.of(new LabelledBox(2, new Box(8, 16, 24, 16))), 64, 64);
        int[] expected = new int[LOCATIONS];
        Arrays.fill(expected, -1);
        // Centres at 12, 20, 28 and 20, 28: at most 12 from the centre (20, 24) and inside.
        for (int row : new int[] {2, 3}) {
            for (int column : new int[] {1, 2, 3}) {
                expected[row * 8 + column] = 2;
            }
        }
        assertThat(target.labels()).containsExactly(expected);
        int at = 2 * 8 + 1;
        assertThat(Arrays.copyOfRange(target.distances(), 4 * at, 4 * at + 4)).containsExactly(4, 4, 20, 12);
        assertThat(target.centreness()[at]).isEqualTo((float) Math.sqrt(4 / 20.0 * 4 / 12.0));
        assertThat(target.centreness()[2 * 8 + 2]).isEqualTo((float) Math.sqrt(4 / 12.0));
    }

    @Test
    void largeObjectBelongsToACoarserLevel() {
        FcosTarget target = FcosTarget.of(List.of(new LabelledBox(0, new Box(0, 0, 64, 64))), 64, 64);
        // At stride 8 the largest distance would have to be 40 or less: from (28, 28) it is 36.
        assertThat(target.labels()[3 * 8 + 3]).isZero();
        assertThat(target.labels()[2 * 8 + 3]).isEqualTo(-1);
        assertThat(target.labels()[64 + 4 + 1]).as("stride 16, at (24, 24): 40").isEqualTo(-1);
        assertThat(target.labels()[64])
                .as("stride 16, at (8, 8): 56, centre within 24")
                .isZero();
        assertThat(target.labels()[80]).as("stride 32, at (16, 16): 48").isEqualTo(-1);
    }

    @Test
    void smallestOfOverlappingObjectsIsAnsweredFor() {
        LabelledBox large = new LabelledBox(0, new Box(4, 4, 40, 40));
        LabelledBox small = new LabelledBox(1, new Box(14, 14, 16, 16));
        int at = 2 * 8 + 2;
        assertThat(FcosTarget.of(List.of(large, small), 64, 64).labels()[at]).isEqualTo(1);
        assertThat(FcosTarget.of(List.of(small, large), 64, 64).labels()[at]).isEqualTo(1);
        assertThat(FcosTarget.of(List.of(large), 64, 64).labels()[at]).isZero();
    }
}
