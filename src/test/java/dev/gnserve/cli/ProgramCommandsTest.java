package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.program.Programs;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The commands with programs of torch.export. */
class ProgramCommandsTest {

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void inspectShowsVersionsAxesAndLayers() throws IOException {
        assertThat(run("inspect", program("torch-2.15/unet").toString())).isZero();
        assertThat(out.toString())
                .contains("program of torch.export, class UNet, PyTorch 2.15.0", ", schema 8.20")
                .contains("input: image float32 [s40 (from 1 to 16), 3, 4*s39 (multiples of 4 from 16 to 256), ")
                .containsPattern("bottom\\.1 +group-norm +3 +6 +1.0E-5 +yes +yes");
        out.getBuffer().setLength(0);
        assertThat(run("inspect", "--json", program("torch-2.6/unet").toString()))
                .isZero();
        JsonNode program = JsonMapper.shared().readTree(out.toString()).path("program");
        assertThat(program.path("torchVersion").asString()).startsWith("2.6.0");
        JsonNode height = program.path("inputs").path(0).path("axes").path(2);
        assertThat(height.path("multiple").asInt()).isEqualTo(4);
        assertThat(height.path("largest").asInt()).isEqualTo(256);
    }

    @Test
    void inspectNamesWhatCannotBeServed() throws IOException {
        assertThat(run("inspect", program("torch-2.15/counter").toString())).isEqualTo(2);
        assertThat(err.toString()).contains("the program changes count while it runs");
    }

    @Test
    void verifyComparesDecomposedProgramsToo() throws IOException {
        assertThat(run(
                        "verify",
                        "--random",
                        "3x16x16",
                        program("torch-2.15/decomposed").toString()))
                .isZero();
        assertThat(out.toString())
                .containsPattern("body\\.2\\.1 +1 +2 +8 .* PASS")
                .contains("batches up to 8: PASS");
        assertThat(run(
                        "verify",
                        "--random",
                        "3x8x8",
                        program("torch-2.15/nested").toString()))
                .isEqualTo(2);
        assertThat(err.toString()).contains("the program takes image float32 [1, 3, 8, 8], options.gain float32 [1]");
    }

    @Test
    void newWritesAFolderThatSaysTheOnlySize() throws IOException {
        assertThat(newModel("no-grad", "--decoder", "softmax", "--labels", "a,b,c,d"))
                .contains("task: segmentation", "resize: {mode: stretch, width: 8, height: 8}");
        assertThat(folder.resolve("models/no-grad/1/model.pt2"))
                .hasBinaryContent(Programs.bytes("torch-2.15/no-grad.pt2"));
    }

    @Test
    void newNeedsNoShapesForAProgramThatTakesNoImages() throws IOException {
        assertThat(newModel("operators"))
                .contains("task: tensors", "# The program says its shapes and types: [")
                .doesNotContain("warmUp");
    }

    /** Returns the manifest. */
    private String newModel(String program, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "new",
                program,
                "--from",
                program("torch-2.15/" + program).toString(),
                "--models-dir",
                folder.resolve("models").toString()));
        arguments.addAll(List.of(options));
        assertThat(run(arguments.toArray(String[]::new))).as(err.toString()).isZero();
        return Files.readString(folder.resolve("models").resolve(program).resolve("model.yaml"));
    }

    @Test
    void exportWritesTheArchiveThatIsServed() throws IOException {
        Path written = folder.resolve("out.pt");
        Path model = program("torch-2.6/branch");
        assertThat(run("export", model.toString(), written.toString())).isZero();
        TorchScriptArchive archive = TorchScriptArchive.of(Files.readAllBytes(written));
        assertThat(archive.modelClass()).isEqualTo("Branch");
        assertThat(archive.extra("gnserve_program.json")).contains("\"torchVersion\":\"2.6.0");
        assertThat(run("export", model.toString(), written.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("exists already");
    }

    private Path program(String name) throws IOException {
        Path file = folder.resolve(name.replace('/', '-') + ".pt2");
        Files.write(file, Programs.bytes(name + ".pt2"));
        return file;
    }

    private int run(String... arguments) {
        CommandLine commands = GnserveCommand.commandLine();
        commands.setOut(new PrintWriter(out));
        commands.setErr(new PrintWriter(err, true));
        return commands.execute(arguments);
    }
}
