package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.image.LabelMap;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Figures that are counted by hand. */
class MaskEvaluationTest {

    private static final List<String> LABELS = List.of("a", "b", "c");

    @TempDir
    private Path folder;

    private final ConfusionMatrix matrix = new ConfusionMatrix(LABELS.size() + 1);

    @Test
    void figuresAreThoseOfTheCountsOfPixels() throws IOException {
        // Truth: 0 1 1 2 | 2 2 255 0. Found: 0 1 2 2 | 2 1 1 1.
        MaskEvaluation.compare(
                LabelMap.of(4, 2, new byte[] {0, 1, 2, 2, 2, 1, 1, 1}),
                read(mask(4, 0, 1, 1, 2, 2, 2, 255, 0), 4, 2),
                LABELS,
                matrix);
        MaskReport report = MaskReport.of("m", "1", "data", 1, LABELS, matrix, List.of());

        assertThat(report.pixels()).isEqualTo(7);
        assertThat(report.accuracy()).isEqualTo(4 / 7.0, within(1e-12));
        assertThat(report.byClass())
                .extracting(MaskReport.ClassScores::iou)
                .containsExactly(1 / 2.0, 1 / 4.0, 2 / 4.0, null);
        assertThat(report.byClass())
                .extracting(MaskReport.ClassScores::dice)
                .containsExactly(2 / 3.0, 2 / 5.0, 4 / 6.0, null);
        assertThat(report.meanDice()).isEqualTo((2 / 3.0 + 2 / 5.0 + 4 / 6.0) / 3, within(1e-12));
        assertThat(report.foregroundDice()).isEqualTo((2 / 5.0 + 4 / 6.0) / 2, within(1e-12));
        assertThat(report.meanIou()).isEqualTo((0.5 + 0.25 + 0.5) / 3, within(1e-12));
        assertThat(report.confusion().get(2)).as("of the true pixels of b").containsExactly(0L, 1L, 2L, 0L);
    }

    @Test
    void aMaskThatDoesNotGoWithItsImageIsNamed() throws IOException {
        assertRefused(mask(2, 0, 4), "has the value 4 at (1, 0)", "1 to 3 for the labels [a, b, c]");
        assertRefused(mask(4, 0, 0, 0, 0), "has 4 x 1 pixels, and its image 2 x 1");
        Path colours = folder.resolve("colours.png");
        ImageIO.write(new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB), "png", colours.toFile());
        assertRefused(colours, "is not a PNG with one channel");
        assertRefused(Files.writeString(folder.resolve("text.png"), "text"), "is not a PNG with one channel");
    }

    @Test
    void masksWhoseForegroundIs255AreRefused() {
        matrix.add(0, 0);
        MaskEvaluation.requireLabels(matrix, 1);
        assertThatThrownBy(() -> MaskEvaluation.requireLabels(matrix, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "the masks have 255, for pixels that are not judged, and no number of a label; write the number of the label, such as 1, in place of 255");
        matrix.add(1, 0);
        MaskEvaluation.requireLabels(matrix, 3);
    }

    @Test
    void aFloatTiffMustHaveWholeNumbers() throws IOException {
        assertThat(read(floats(0, 3), 2, 1).numbers().label(1, 0)).isEqualTo(3);
        assertThatThrownBy(() -> read(floats(0, 0.4f), 2, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at (1, 0); allowed are whole numbers from 0 to 2147483647");
        assertThatThrownBy(() -> read(floats(-1, 1), 2, 1)).hasMessageContaining("has the value -1.0 at (0, 0)");
    }

    private Path floats(float... values) throws IOException {
        ColorModel gray = new ComponentColorModel(
                ColorSpace.getInstance(ColorSpace.CS_GRAY), false, false, Transparency.OPAQUE, DataBuffer.TYPE_FLOAT);
        WritableRaster raster = gray.createCompatibleWritableRaster(values.length, 1);
        raster.setSamples(0, 0, values.length, 1, 0, values);
        Path file = Files.createTempFile(folder, "objects", ".tif");
        ImageIO.write(new BufferedImage(gray, raster, false, null), "tiff", file.toFile());
        return file;
    }

    private void assertRefused(Path mask, String... sentences) {
        assertThatThrownBy(
                        () -> MaskEvaluation.compare(LabelMap.of(2, 1, new byte[2]), read(mask, 2, 1), LABELS, matrix))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(sentences);
    }

    private static TrueNumbers read(Path mask, int width, int height) {
        return TrueNumbers.ofPicture(mask, "PNG with one channel", width, height);
    }

    private Path mask(int width, int... values) throws IOException {
        BufferedImage image = new BufferedImage(width, values.length / width, BufferedImage.TYPE_BYTE_GRAY);
        image.getRaster().setSamples(0, 0, width, values.length / width, 0, values);
        Path file = Files.createTempFile(folder, "mask", ".png");
        ImageIO.write(image, "png", file.toFile());
        return file;
    }
}
