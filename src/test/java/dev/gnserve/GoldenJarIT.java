package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** {@code gnserve golden} from the jar: an answer for each version, recorded and compared. */
class GoldenJarIT {

    private static final String MANIFEST =
            "task: segmentation\nlabels: [green, blue]\nwarmUp: {shapes: [[3, 32, 32]]}\n";

    @TempDir
    private Path folder;

    private record Ended(int code, String out) {}

    @Test
    void eachVersionHasItsOwnAnswerAndADifferenceIsShown() throws Exception {
        Path model = folder.resolve("models/coarse");
        new ModelsFolder(folder.resolve("models")).put("coarse", "/models/coarse-scripted.pt", MANIFEST);
        Path image = halfGreen();

        assertThat(golden(model).code()).as("nothing is recorded").isEqualTo(2);
        Ended recorded = golden(model, "--record", "--image", image.toString());
        assertThat(recorded.code()).as(recorded.out()).isZero();
        assertThat(model.resolve("model.yaml"))
                .content()
                .contains("golden: {image: \"half.png\", expected: golden.json");

        // In version 2, no pixel belongs to a class.
        Files.createDirectories(model.resolve("2"));
        Files.copy(model.resolve("1/model.pt"), model.resolve("2/model.pt"));
        assertThat(model.resolve("half.png")).isRegularFile();
        Files.copy(model.resolve("1/golden.json"), model.resolve("golden.json"));
        Files.writeString(
                model.resolve("2/model.yaml"),
                Files.readString(model.resolve("model.yaml")) + "thresholds: {mask: 0.99999}\n");
        Path picture = folder.resolve("difference.png");
        Ended differs = golden(model, "--model-version", "2", "--picture", picture.toString(), "--json");
        assertThat(differs.code()).as(differs.out()).isEqualTo(1);
        assertThat(new JsonMapper().readTree(differs.out()).path("difference").asString())
                .contains("expected the masks of green to overlap");
        BufferedImage drawn = ImageIO.read(picture.toFile());
        BufferedImage before = ImageIO.read(image.toFile());
        assertThat(drawn.getWidth()).isEqualTo(before.getWidth());
        assertThat(drawn.getRGB(2, 2)).as("the green half").isNotEqualTo(before.getRGB(2, 2));
        assertThat(drawn.getRGB(30, 30)).as("the rest").isEqualTo(before.getRGB(30, 30));

        assertThat(golden(model, "--model-version", "2", "--record").code()).isZero();
        assertThat(golden(model, "--model-version", "1").code()).as("version 1").isZero();
        assertThat(golden(model, "--model-version", "7").code()).isEqualTo(2);
        Files.writeString(model.resolve("2/golden.json"), "{");
        assertThat(golden(model, "--model-version", "2").code()).isEqualTo(1);
        assertThat(folder.resolve("err.txt"))
                .content()
                .contains("the recorded answer is not JSON", "--record")
                .doesNotContain("\tat ");
        Files.delete(model.resolve("half.png"));
        assertThat(golden(model).code()).isEqualTo(1);
        assertThat(folder.resolve("err.txt"))
                .content()
                .contains("half.png does not exist")
                .doesNotContain("\tat ");
    }

    /** The tensors of the package are those of PyTorch (volumes/make.py). */
    @Test
    void theTensorsOfAModelOfVolumesAreCompared() throws Exception {
        Path models = folder.resolve("models");
        List<String> command = Jar.command(
                "new",
                "cells",
                "--from",
                "src/test/resources/volumes/package-0.5.zip",
                "--models-dir",
                models.toString());
        assertThat(new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("new.txt").toFile())
                        .start()
                        .waitFor())
                .isZero();

        Ended holds = golden(models.resolve("cells"));
        assertThat(holds.code()).as(holds.out()).isZero();
        assertThat(holds.out()).contains("cells version 1: the answer is the recorded one");

        Files.copy(
                models.resolve("cells/test_input.npy"),
                models.resolve("cells/test_output.npy"),
                StandardCopyOption.REPLACE_EXISTING);
        Ended differs = golden(models.resolve("cells"));
        assertThat(differs.code()).isEqualTo(1);
        assertThat(differs.out()).contains("cells version 1: ", "test_output.npy");
    }

    /** The left half is green, the other one black. */
    private Path halfGreen() throws IOException {
        BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < 32; y++) {
            for (int x = 0; x < 16; x++) {
                image.setRGB(x, y, 0xFF00);
            }
        }
        Path file = folder.resolve("half.png");
        ImageIO.write(image, "png", file.toFile());
        return file;
    }

    private Ended golden(Path model, String... arguments) throws Exception {
        List<String> command = Jar.command("golden", model.toString());
        command.addAll(List.of(arguments));
        Path out = folder.resolve("out.txt");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(folder.resolve("err.txt").toFile())
                .start();
        int code = process.waitFor();
        return new Ended(code, Files.readString(out, StandardCharsets.UTF_8));
    }
}
