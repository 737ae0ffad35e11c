package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.FailureException;
import dev.gnserve.image.LabelMap;
import dev.gnserve.pipeline.MaskWriter.Masks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MaskWriterTest {

    /** Squares of one pixel, of which only corners touch: four corners each. */
    private static LabelMap checkerboard(int side) {
        int[] labels = new int[side * side];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = (i / side + i) % 2;
        }
        return LabelMap.of(side, side, labels);
    }

    @ParameterizedTest
    @EnumSource(
            value = Masks.class,
            names = {"POLYGON", "GEOJSON"})
    void outlinesOfOneAnswerHaveSoManyCornersTogether(Masks encoding) {
        MaskWriter writer = new MaskWriter(encoding);
        LabelMap map = checkerboard(1000);

        assertThat(writer.write(map, 1, new LabelMap.Region(0, 0, 1000, 1000)))
                .as("2,000,000 corners")
                .isNotNull();
        assertThat(writer.write(map, 1, new LabelMap.Region(0, 0, 1000, 1000)))
                .as("4,000,000 corners")
                .isNotNull();
        assertThatThrownBy(() -> writer.write(map, 1, new LabelMap.Region(0, 0, 1000, 1000)))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("The outlines of this image have more than 4,000,000 corners. Ask for masks=rle");
    }

    @Test
    void anAnswerEndsWhenItIsCancelled() {
        LabelMap map = checkerboard(2);
        IllegalStateException gone = new IllegalStateException("the client is gone");
        MaskWriter writer = new MaskWriter(Masks.PNG).until(() -> {
            throw gone;
        });

        assertThatThrownBy(() -> writer.write(map, 1, new LabelMap.Region(0, 0, 2, 2)))
                .isSameAs(gone);
    }
}
