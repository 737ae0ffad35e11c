package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.gnserve.image.Box;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BloodCellDataTest {

    @TempDir
    Path folder;

    private BloodCellData data;

    /** Of a to h all but h have complete boxes; b shows the place of f, g that of d. */
    @BeforeEach
    void writeDataSet() throws IOException {
        StringBuilder images = new StringBuilder();
        for (int id = 0; id < 7; id++) {
            images.append(id == 0 ? "" : ",").append("{\"id\": %d, \"file_name\": \"%c\"}".formatted(id, 'a' + id));
        }
        write(
                "annotations_relabelled.json",
                "{\"images\": [" + images + "], \"annotations\": ["
                        + "{\"id\": 1, \"image_id\": 2, \"category_id\": 3, \"bbox\": [1.5, 2, 30, 40]}]}");
        write(
                "split.json",
                "{\"train\": [\"a\", \"b\", \"c\", \"h\"], \"val\": [\"d\"], \"test\": [\"e\", \"f\", \"g\"]}");
        write("quality.json", "{\"overlapping_pairs\": [{\"a\": \"b\", \"b\": \"f\"}, {\"a\": \"g\", \"b\": \"d\"}]}");
        data = BloodCellData.open(folder);
    }

    private void write(String file, String json) throws IOException {
        Files.writeString(folder.resolve(file), json);
    }

    @Test
    void boxesAreThoseOfTheAnnotations() {
        assertThat(data.boxesOf("c")).containsExactly(new LabelledBox(2, new Box(1.5, 2, 30, 40)));
        assertThat(data.boxesOf("a")).isEmpty();
    }

    @Test
    void noImageThatShowsAPlaceOfTheTestIsLearntFrom() {
        assertThat(data.training(Fold.NONE)).containsExactly("a", "c");
    }

    @Test
    void testLeavesOutPlacesOfTheOtherSplits() {
        assertThat(data.files("test")).containsExactly("e");
        assertThat(data.files("test-all")).containsExactly("e", "f", "g");
        assertThat(data.files("val")).containsExactly("d");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> data.files("tset"))
                .withMessageContaining("tset");
    }

    @Test
    void foldsPartTheImagesAndKeepPlacesTogether() {
        List<String> all = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            Fold fold = new Fold(i, 3);
            List<String> held = data.testing(fold);
            all.addAll(held);
            assertThat(held.contains("b")).isEqualTo(held.contains("f"));
            assertThat(held.contains("d")).isEqualTo(held.contains("g"));
            assertThat(data.training(fold)).doesNotContainAnyElementsOf(held).hasSize(7 - held.size());
        }
        assertThat(all).containsExactlyInAnyOrder("a", "b", "c", "d", "e", "f", "g");
    }

    @Test
    void foldIsWrittenAsAFraction() {
        assertThat(Fold.parse("2/5")).isEqualTo(new Fold(2, 5));
        assertThatIllegalArgumentException().isThrownBy(() -> Fold.parse("6/5"));
        assertThatIllegalArgumentException().isThrownBy(() -> Fold.parse("two"));
    }
}
