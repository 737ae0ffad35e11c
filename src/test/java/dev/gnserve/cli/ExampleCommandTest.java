package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.OutputSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ExampleCommandTest {

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        CommandLine command = GnserveCommand.commandLine();
        return command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(arguments);
    }

    @Test
    void itMakesAModelAndSaysWhatToDoWithIt() throws IOException {
        assertThat(run("example", "volume", "--models-dir", folder.toString())).isZero();

        Path model = folder.resolve("blobs-unet3d-gn");
        assertThat(ManifestReader.read("model.yaml", Files.readString(model.resolve("model.yaml")))
                        .output()
                        .decoder())
                .isEqualTo(OutputSpec.Decoder.WATERSHED);
        assertThat(model.resolve("1/model.pt")).isNotEmptyFile();
        assertThat(model.resolve("blobs.tif")).isNotEmptyFile();
        assertThat(out.toString())
                .contains("curl -F image=@" + model.resolve("blobs.tif"), "v1/models/blobs-unet3d-gn/segment");

        assertThat(run("example", "volume", "--models-dir", folder.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("exists already");
    }

    @Test
    void aFolderThatCannotBeMadeIsTold() throws IOException {
        Path file = Files.createFile(folder.resolve("models"));

        assertThat(run("example", "volume", "--models-dir", file.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("cannot write " + file.resolve("blobs-unet3d-gn"));
    }

    @Test
    void anotherKindIsMisuse() {
        assertThat(run("example", "clip", "--models-dir", folder.toString())).isEqualTo(2);
        assertThat(folder).isEmptyDirectory();
    }
}
