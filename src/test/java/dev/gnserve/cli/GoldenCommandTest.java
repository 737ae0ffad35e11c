package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.model.ManifestReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code golden --record} writes into model.yaml. The rest is in {@code GoldenJarIT}. */
class GoldenCommandTest {

    @TempDir
    private Path folder;

    private Path model;
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void model() throws IOException {
        model = folder.resolve("models/coarse");
        Files.createDirectories(model.resolve("1"));
        try (InputStream archive =
                Objects.requireNonNull(getClass().getResourceAsStream("/models/coarse-scripted.pt"))) {
            Files.copy(archive, model.resolve("1/model.pt"));
        }
    }

    private int record(String manifest, String image) throws IOException {
        Files.writeString(model.resolve("model.yaml"), manifest);
        Path file = folder.resolve(image);
        try (InputStream png =
                Objects.requireNonNull(getClass().getResourceAsStream("/samples/nuclei/fluorescence-256.png"))) {
            Files.copy(png, file);
        }
        return GnserveCommand.commandLine()
                .setErr(new PrintWriter(err))
                .execute("golden", model.toString(), "--record", "--image", file.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"cells, 2.png", "a #1.png", "a: b.png", "}.png"})
    void anImageThatModelYamlCannotNameIsRefusedAndNothingIsWritten(String image) throws IOException {
        String manifest = "task: segmentation\nlabels: [green, blue]\n";

        assertThat(record(manifest, image)).isEqualTo(2);

        assertThat(err.toString()).contains("golden.image", image, "of ASCII letters, digits");
        assertNothingIsWritten(manifest, image);
    }

    @Test
    void aManifestThatIsOneFlowMapIsLeftAsItIs() throws IOException {
        String manifest = "{task: segmentation, labels: [green, blue]}\n";

        assertThat(record(manifest, "a.png")).isEqualTo(2);

        assertThat(err.toString()).contains("model.yaml is not changed", "by hand");
        assertNothingIsWritten(manifest, "a.png");
    }

    @Test
    void whatIsForImagesIsRefusedForVolumes() throws IOException {
        String manifest = "task: segmentation\nlabels: [a]\ninput: {volume: {window: [16, 16, 16]}}\n";

        assertThat(record(manifest, "a.png")).isEqualTo(2);

        assertThat(err.toString())
                .contains("the model takes volumes, and --record, --image and --picture are for models of images");
        assertNothingIsWritten(manifest, "a.png");
        assertThat(GnserveCommand.commandLine().setErr(new PrintWriter(err)).execute("golden", model.toString()))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("names no golden tensors; write golden: {image: INPUT.npy, expected: OUTPUT.npy} into it");
    }

    private void assertNothingIsWritten(String manifest, String image) throws IOException {
        assertThat(model.resolve("model.yaml")).hasContent(manifest);
        assertThat(model.resolve(image)).doesNotExist();
        assertThat(model.resolve("1/golden.json")).doesNotExist();
    }

    /** Without quotes, YAML reads this name as no value. */
    @Test
    void aNameThatMeansNoValueIsRecordedAsAName() {
        String changed = GoldenCommand.withGolden("task: segmentation\nlabels: [green, blue]", "null");

        assertThat(ManifestReader.read("model.yaml", changed).golden().image()).isEqualTo("null");
    }
}
