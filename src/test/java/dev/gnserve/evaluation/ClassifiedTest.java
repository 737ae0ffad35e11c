package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Figures that are counted by hand. */
class ClassifiedTest {

    private static final List<String> LABELS = List.of("a", "b", "c");

    @TempDir
    private Path folder;

    @Test
    void figuresAreThoseOfTheCountsOfImages() {
        Classified classified = new Classified(LABELS);
        classified.add(0, List.of(0, 1, 2), 0.9);
        classified.add(0, List.of(1, 0, 2), 0.5);
        classified.add(1, List.of(1, 0, 2), 0.9);
        classified.add(1, List.of(1, 0, 2), 0.5);
        ClassificationReport report = classified.report("m", "1", "data");

        assertThat(report.images()).isEqualTo(4);
        assertThat(report.accuracy()).isEqualTo(0.75);
        assertThat(report.top5()).as("of three labels, five are always all").isNull();
        assertThat(report.balancedAccuracy()).isEqualTo((0.5 + 1) / 2);
        // Of the step of 0.9, both are right: 0.1 off. Of that of 0.5, one of two is right: 0 off.
        assertThat(report.calibrationError()).isEqualTo(0.05, within(1e-12));
        assertThat(report.byClass().get(0)).isEqualTo(new ClassificationReport.ClassScores("a", 2, 1.0, 0.5, 2 / 3.0));
        assertThat(report.byClass().get(2)).isEqualTo(new ClassificationReport.ClassScores("c", 0, null, null, null));
        assertThat(report.confusion()).containsExactly(List.of(1L, 1L, 0L), List.of(0L, 2L, 0L), List.of(0L, 0L, 0L));
        assertThat(classified.calibration().points())
                .containsExactly(new Curve.Point(0.5, 0.5), new Curve.Point(0.9, 1));
    }

    @Test
    void aTableMayQuoteItsCells() throws IOException {
        Path first = Files.createFile(folder.resolve("one, two.png"));
        Path second = Files.createFile(folder.resolve("b.png"));
        Path table = Files.writeString(
                folder.resolve("t.csv"), "label,note,file\nb,\"say \"\"x\"\", y\",\"one, two.png\"\n\nc,,b.png\n");
        assertThat(ClassificationEvaluation.ofTable(table, folder, LABELS))
                .containsExactlyInAnyOrderEntriesOf(Map.of(first, 1, second, 2));
    }

    /** As Excel writes "CSV UTF-8". */
    @Test
    void aTableMayBeginWithAByteOrderMark() throws IOException {
        Path image = Files.createFile(folder.resolve("a.png"));
        Path table = Files.writeString(folder.resolve("t.csv"), "\uFEFFfile,label\na.png,b\n");
        assertThat(ClassificationEvaluation.ofTable(table, folder, LABELS)).isEqualTo(Map.of(image, 1));
        Files.write(table, "file,label\nsch\u00f6n.png,b\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> ClassificationEvaluation.ofTable(table, folder, LABELS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("t.csv is not UTF-8; save it as UTF-8");
    }

    @Test
    void aTableThatDoesNotGoWithTheModelIsNamed() throws IOException {
        Files.createFile(folder.resolve("a.png"));
        assertRefused("image,label\n", "has not both columns file and label");
        assertRefused("file,label\n", "names no image");
        assertRefused("file,label\na.png\n", "line 2", "has no file or no label");
        assertRefused("file,label\na.png,z\n", "line 2", "has the label \"z\"", "[a, b, c]");
        assertRefused("file,label\nb.png,a\n", "b.png is not there", "--images");
        assertRefused("file,label\na.png,a\na.png,b\n", "line 3", "again");
    }

    private void assertRefused(String text, String... sentences) throws IOException {
        Path table = Files.writeString(folder.resolve("t.csv"), text);
        assertThatThrownBy(() -> ClassificationEvaluation.ofTable(table, folder, LABELS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(sentences);
    }
}
