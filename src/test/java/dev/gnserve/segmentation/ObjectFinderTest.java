package dev.gnserve.segmentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ObjectFinderTest {

    private static final ObjectFinder FINDER = new ObjectFinder(0.5f, 0.5f, 1, 2);

    @Test
    void touchingObjectsAreSeparatedByTheirInteriors() {
        assertThat(find(FINDER, "bIIbbIIb", "bIIbbIIb"))
                .containsExactly(1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 2, 2, 2, 2);
    }

    @Test
    void foregroundWithoutInteriorIsAnObject() {
        assertThat(find(FINDER, "bb..IIb.")).containsExactly(1, 1, 0, 0, 2, 2, 2, 0);
    }

    @Test
    void smallObjectsAreDroppedAndNumbersStayDense() {
        assertThat(find(FINDER, "b.II.b.II")).containsExactly(0, 0, 1, 1, 0, 0, 0, 2, 2);
    }

    @Test
    void interiorsBelowTheSeedAreaDoNotSplitAnObject() {
        ObjectFinder finder = new ObjectFinder(0.5f, 0.5f, 2, 1);
        assertThat(find(finder, "IIbbbI")).containsExactly(1, 1, 1, 1, 1, 1);
    }

    @Test
    void diagonalNeighboursAreDifferentObjects() {
        assertThat(find(FINDER, "II..", "II..", "..II", "..II"))
                .containsExactly(1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 0, 0, 2, 2);
    }

    @Test
    void scoreIsTheMeanForegroundProbability() {
        FoundObjects found = FINDER.find(new float[] {0.9f, 0.1f, 0}, new float[] {0.9f, 0.7f, 0.2f}, 3, 1);
        assertThat(found.count()).isEqualTo(1);
        assertThat(found.score(1)).isCloseTo(0.8f, within(1e-5f));
    }

    @Test
    void higherMaskThresholdShrinksObjects() {
        float[] interior = {0.1f, 0.9f, 0.9f, 0.1f};
        float[] foreground = {0.6f, 0.95f, 0.95f, 0.6f};
        assertThat(FINDER.find(interior, foreground, 4, 1).ids()).containsExactly(1, 1, 1, 1);
        assertThat(FINDER.withMaskThreshold(0.8f)
                        .find(interior, foreground, 4, 1)
                        .ids())
                .containsExactly(0, 1, 1, 0);
    }

    @Test
    void nothingIsFoundInBackground() {
        assertThat(FINDER.find(new float[6], new float[6], 3, 2).count()).isZero();
    }

    @Test
    void sizesMustAgree() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> FINDER.find(new float[6], new float[5], 3, 2))
                .withMessageContaining("3 x 2");
    }

    /** Rows of {@code I} interior, {@code b} boundary, {@code .} background. */
    private static int[] find(ObjectFinder finder, String... rows) {
        int width = rows[0].length();
        float[] interior = new float[width * rows.length];
        float[] foreground = new float[width * rows.length];
        for (int i = 0; i < interior.length; i++) {
            char pixel = rows[i / width].charAt(i % width);
            interior[i] = pixel == 'I' ? 0.9f : 0.05f;
            foreground[i] = pixel == '.' ? 0.1f : 0.95f;
        }
        return finder.find(interior, foreground, width, rows.length).ids();
    }
}
