package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.HostileArchives;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.Samples;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.archive.TwoConvolutions;
import dev.gnserve.backend.PassMemory;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelSource;
import dev.gnserve.trial.ArchiveTrials;
import dev.gnserve.trial.TrialLimits;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code inspect} and {@code verify}, as a release pipeline runs them. */
class ArchiveCommandsTest {

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void inspectListsLayersAndRepairs() throws IOException {
        Path resize = sample("resize-scripted");

        assertThat(run("inspect", "--load", resize.toString())).isZero();

        assertThat(out.toString())
                .contains("TorchScript archive, scripted, class ResizeNet")
                .containsPattern("a\\.norm +group-norm +4 +8 +1.0E-5 +yes +yes")
                .contains("REPAIRED on loading: the engine does not have aten::_upsample_lanczos2d_aa (1 call in ");
    }

    /** By {@code src/test/resources/models/make_types.py}: traced after train(). */
    @Test
    void inspectNamesDropoutInTrainingMode() throws IOException {
        assertThat(run("inspect", resource("dropout-traced.pt").toString())).isEqualTo(1);

        assertThat(out.toString())
                .containsPattern("RANDOM: dropout in training mode.*: torch\\.dropout in code/__torch__\\S+ line \\d+");
    }

    /** PyTorch's own attention passes training=True to dropout, with a probability that is 0 except in training. */
    @Test
    void dropoutOfAttentionIsNotInTrainingMode() throws IOException {
        assertThat(run("inspect", resource("attention-scripted.pt").toString())).isZero();

        assertThat(out.toString()).doesNotContain("RANDOM");
    }

    private Path resource(String name) throws IOException {
        Path file = folder.resolve(name);
        try (InputStream in = getClass().getResourceAsStream("/models/" + name)) {
            Files.copy(Objects.requireNonNull(in), file);
        }
        return file;
    }

    @Test
    void inspectAsJsonHasTheNamesOfTheHttpContract() throws IOException {
        assertThat(run(
                        "inspect",
                        "--json",
                        "--no-engine",
                        sample("chain-scripted").toString()))
                .isZero();

        JsonNode json = JsonMapper.shared().readTree(out.toString());
        assertThat(json.get("origin").asString()).isEqualTo("scripted");
        JsonNode layer = json.get("layers").get(2);
        assertThat(layer.get("name").asString()).isEqualTo("body.1.norm");
        assertThat(layer.get("kind").asString()).isEqualTo("group-norm");
        assertThat(layer.get("epsilon").asDouble()).isEqualTo(1e-3);
        assertThat(layer.get("reason").isNull()).isTrue();
    }

    @Test
    void inspectOfAnotherFormatExitsWithTwoAndNamesIt() throws IOException {
        Path pickle = Files.write(folder.resolve("weights.pth"), new byte[] {(byte) 0x80, 2, '}', '.'});

        assertThat(run("inspect", pickle.toString())).isEqualTo(2);
        assertThat(err.toString()).contains("plain pickle").contains("torch.jit.save");
        assertThat(run("inspect", folder.resolve("missing.pt").toString())).isEqualTo(2);
        assertThat(err.toString()).contains("does not exist");
    }

    /** A web page, a Git LFS pointer and others are named in the same sentence by every command. */
    @ParameterizedTest
    @ValueSource(
            strings = {"", "<html>", "version https://git-lfs.github.com/spec/v1", "GGUF", "anything else", "PK\3\4"})
    void inspectAndTheServiceRefuseAnArchiveInTheSameWords(String content) throws IOException {
        Path file = Files.writeString(folder.resolve("model.pt"), content);

        assertThat(run("inspect", file.toString())).isEqualTo(2);

        try (ArchiveSnapshot archive = ArchiveSnapshot.read(file);
                ArchiveTrials reader =
                        new ArchiveTrials(null, false, TrialLimits.of(Duration.ofMinutes(1)), PassMemory.unlimited())) {
            assertThat(reader.judge(source(), archive, why -> {}))
                    .failsWithin(Duration.ZERO)
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOf(TorchScriptException.class)
                    .satisfies(refusal ->
                            assertThat(err.toString()).isEqualToIgnoringNewLines(file + ": " + refusal.getMessage()));
        }
    }

    private ModelSource source() throws IOException {
        Path model = Files.createDirectories(folder.resolve("models/x/1")).getParent();
        Files.writeString(model.resolve("model.yaml"), "task: tensors\n");
        return ModelFolder.list(folder.resolve("models")).get(0);
    }

    @Test
    void inspectNamesOperatorsThatReadOrWriteFilesAndRunsNoCode() throws IOException {
        Path written = folder.resolve("written");
        Path file = Files.write(folder.resolve("model.pt"), HostileArchives.saving(written.toString()));

        assertThat(run("inspect", file.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("READS OR WRITES FILES: aten::save in code/__torch__.py line 8; ");
        assertThat(run("inspect", "--json", file.toString())).isEqualTo(1);
        assertThat(out.toString())
                .contains("\"operator\" : \"aten::save\"", "\"file\" : \"code/__torch__.py\"", "\"line\" : 8");
        assertThat(written).doesNotExist();
    }

    @Test
    void inspectOfAnArchiveThatCrashesTheEngineSaysSo() throws IOException {
        Path file = Files.write(folder.resolve("model.pt"), HostileArchives.overflowing());

        assertThat(run("inspect", file.toString())).as("it is sound as data").isZero();
        assertThat(run("inspect", "--load", file.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("REFUSED: it was tried in a separate process, which ended with ");
    }

    @Test
    void inspectOfACorruptArchiveExitsWithOneAndNamesTheParameter() throws IOException {
        TorchScriptArchive chain = Samples.archive("chain-scripted");
        Path corrupt = folder.resolve("corrupt.pt");
        String entry = chain.parameters().get(0).tensor().storage();
        try (var stream = Files.newOutputStream(corrupt)) {
            stream.write(Rewrites.bytesWithBitFlippedIn(chain, entry));
        }

        assertThat(run("inspect", "--no-engine", corrupt.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("CORRUPT: " + entry + " fails its checksum; it holds stem.conv.weight");
    }

    @Test
    void verifyPassesWithRandomValues() throws IOException {
        assertThat(run("verify", sample("chain-traced").toString(), "--random", "3x24x24", "--batch", "2"))
                .isZero();

        assertThat(out.toString())
                .containsPattern("body\\.1\\.norm +1 +8 +32 +0.001 .* PASS")
                .contains("batches up to 2: PASS")
                .endsWith("PASS" + System.lineSeparator());
    }

    @Test
    void verifyTakesAnImage() throws IOException {
        Path image = folder.resolve("image.png");
        ImageIO.write(new BufferedImage(32, 24, BufferedImage.TYPE_INT_RGB), "png", image.toFile());

        assertThat(run(
                        "verify",
                        sample("functional-traced").toString(),
                        "--image",
                        image.toString(),
                        "--batch",
                        "0",
                        "--json"))
                .isZero();

        JsonNode json = JsonMapper.shared().readTree(out.toString());
        assertThat(json.get("verdict").asString()).isEqualTo("PASS");
        JsonNode call = json.get("calls").get(0);
        assertThat(call.get("shape").toString()).isEqualTo("[1,8,24,32]");
        assertThat(call.get("maxAbsoluteError").asDouble())
                .isLessThanOrEqualTo(call.get("tolerance").asDouble());
    }

    @Test
    void verifyTakesTheFirstWindowOfAVolume() throws IOException {
        Path volumes = Path.of("src/test/resources/volumes");
        Path archive = Files.copy(volumes.resolve("network.pt"), folder.resolve("model.pt"));
        Files.writeString(folder.resolve("model.yaml"), """
                task: segmentation
                labels: [dim, bright]
                input: {volume: {window: [8, 6, 10], steps: [{kind: zero-mean}]}}
                """);

        assertThat(run(
                        "verify",
                        archive.toString(),
                        "--image",
                        volumes.resolve("turned.nii.gz").toString(),
                        "--batch",
                        "0",
                        "--json"))
                .as(err.toString())
                .isZero();

        JsonNode json = JsonMapper.shared().readTree(out.toString());
        assertThat(json.get("calls").get(0).get("shape").toString()).isEqualTo("[1,8,8,6,10]");
    }

    @Test
    void verifyExitsWithOneForAFaultAndTwoWithoutGroupNorm() throws IOException {
        TorchScriptArchive faulty = Rewrites.code(
                Samples.archive("chain-scripted"),
                "code/__torch__/torch/nn/modules/normalization/___torch_mangle_25.py",
                "_0(input, 8, ",
                "_0(input, 4, ");
        Path fault = Files.write(folder.resolve("fault.pt"), faulty.toByteArray());

        assertThat(run("verify", fault.toString(), "--random", "1x3x24x24", "--batch", "0"))
                .isEqualTo(1);
        assertThat(out.toString())
                .contains("FAIL: body.1.norm: the archive declares 8 groups, but the layer ran with 4");
        assertThat(run("verify", sample("batch-norm-scripted").toString(), "--random", "3x8x8", "--batch", "0"))
                .isEqualTo(2);
        assertThat(out.toString()).contains("NOT_APPLICABLE: the model has no Group Normalization");
        assertThat(run("verify", sample("chain-traced").toString(), "--random", "5x24x24"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("the engine failed");
        assertThat(run("verify", sample("chain-traced").toString())).isEqualTo(2);
        assertThat(run("verify", sample("chain-traced").toString(), "--random", "many"))
                .isEqualTo(2);
        assertThat(run("verify", sample("chain-traced").toString(), "--random", "3x0x8"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("--random is 3x0x8, allowed are sizes such as 3x256x256");
        assertThat(run("verify", sample("chain-traced").toString(), "--random", "3x99999x99999"))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains("--random is 3x99999x99999, which is 3.00e+10 values; allowed are 268,435,456 at most");
        String file = sample("chain-traced").toString();
        assertThat(run("tune", "nuclei-unet-gn", "--data", file)).isEqualTo(2);
        assertThat(err.toString()).contains("--data is " + file + ", which is not a folder");
    }

    /** The second norm gets a mean of 100 deviations: 8 bits keep little of the deviation. */
    @Test
    void verifyJudgesTheLayersOfAPlan() throws IOException {
        String file = Files.write(
                        folder.resolve("large.pt"), TwoConvolutions.network(1e3).toByteArray())
                .toString();

        assertThat(run("verify", file, "--random", "3x96x96", "--batch", "0", "--plan", "channels-last"))
                .isZero();
        assertThat(out.toString()).containsPattern("second +1 +2 +8 .* PASS");
        assertThat(run("verify", file, "--random", "3x96x96", "--batch", "0", "--plan", "bfloat16"))
                .isEqualTo(1);
        assertThat(out.toString()).contains("FAIL: second: ").contains("that differs is second (");
        assertThat(run("verify", file, "--random", "3x96x96", "--plan", "fast")).isEqualTo(2);
        assertThat(err.toString()).contains("channels-last").contains("was 'fast'");
    }

    /** The archive is traced, so that it declares nothing. Its layer body.1.norm runs with epsilon 1e-3. */
    @Test
    void verifyComparesAnArchiveWithTheExpectedParameters() throws IOException {
        String chain = sample("chain-traced").toString();

        assertThat(run("verify", chain, "--random", "3x24x24", "--batch", "0", "--epsilon", "1e-5"))
                .isEqualTo(1);
        assertThat(out.toString())
                .contains("FAIL: body.1.norm: expected is epsilon 1.0E-5, but the layer ran with 0.001")
                .doesNotContain("stem.norm: epsilon");

        Files.writeString(folder.resolve("model.yaml"), """
                task: segmentation
                labels: [a]
                verification: {groups: 32}
                """);
        assertThat(run("verify", chain, "--random", "3x24x24", "--batch", "0")).isEqualTo(1);
        assertThat(out.toString()).contains("expected are 32 groups, but the layer ran with 8");
        assertThat(run("verify", chain, "--random", "3x24x24", "--groups", "0")).isEqualTo(2);
    }

    private Path sample(String name) throws IOException {
        return Files.write(folder.resolve(name + ".pt"), Samples.bytes(name + ".pt"));
    }

    private int run(String... arguments) {
        CommandLine commandLine =
                GnserveCommand.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
        return commandLine.execute(arguments);
    }
}
