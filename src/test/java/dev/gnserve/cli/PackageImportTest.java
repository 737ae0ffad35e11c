package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.numpy.Npz;
import dev.gnserve.numpy.NumpyFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** {@code new --from package.zip}: the test tensors of a package, which PyTorch computed (volumes/make.py), hold. */
class PackageImportTest {

    private static final Path VOLUMES = Path.of("src/test/resources/volumes");

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(Path from, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "new",
                "cells",
                "--from",
                from.toString(),
                "--models-dir",
                folder.resolve("models").toString()));
        arguments.addAll(List.of(more));
        return GnserveCommand.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments.toArray(String[]::new));
    }

    @Test
    void optionsOfAnArchiveAreRefused() {
        Path zip = VOLUMES.resolve("package-0.5.zip");
        String picture = folder.resolve("a.png").toString();
        for (List<String> option : List.of(
                List.of("--task", "segmentation"),
                List.of("--boxes", "xyxy"),
                List.of("--first-label", "0"),
                List.of("--shape", "1x16x16x16"),
                List.of("--like", "fcos"),
                List.of("--output", "out"),
                List.of("--head", "a=b"),
                List.of("--preview", picture))) {
            assertThat(run(zip, option.toArray(String[]::new))).as("%s", option).isEqualTo(2);
            assertThat(err.toString())
                    .contains(option.get(0) + " goes with an archive, and --from is the package " + zip);
        }
        assertThat(folder.resolve("models/cells")).doesNotExist();
        assertThat(run(folder.resolve("missing.pt"))).isEqualTo(2);
        assertThat(err.toString()).contains("missing.pt, which does not exist");
    }

    @ParameterizedTest
    @ValueSource(strings = {"package-0.5.zip", "package-0.4.zip", "planes-0.5.zip", "planes-0.4.zip"})
    void aPackageBecomesAModelWhoseTestTensorsHold(String name) throws IOException {
        assertThat(run(VOLUMES.resolve(name))).as(err.toString()).isZero();

        assertThat(out.toString()).contains("test tensors: hold", "v1/models/cells/segment");
        Path model = folder.resolve("models/cells");
        assertThat(Files.readString(model.resolve("model.yaml")))
                .contains("license: \"CC0-1.0\"", "blending: \"halo\"");
        assertThat(model.resolve("1/model.pt")).exists();
        assertThat(model.resolve("test_input.npy")).exists();
    }

    /** The labels are those of PyTorch, which took each plane of the stack as an image (volumes/make_planes.py). */
    @Test
    void aNetworkOverImagesRunsOnEachPlane() throws IOException {
        assertThat(run(VOLUMES.resolve("planes-0.5.zip"))).as(err.toString()).isZero();
        Npz planes = Npz.read(Files.readAllBytes(VOLUMES.resolve("planes.npz")));
        Path data = folder.resolve("data");
        Files.createDirectories(data.resolve("images"));
        Files.createDirectories(data.resolve("masks"));
        new NumpyFile(new long[] {2, 3, 40, 56}, planes.floats("stack")).write(data.resolve("images/stack.npy"));
        new NumpyFile(new long[] {3, 40, 56}, planes.floats("labels")).write(data.resolve("masks/stack.npy"));
        StringWriter report = new StringWriter();

        int code = GnserveCommand.commandLine()
                .setOut(new PrintWriter(report))
                .setErr(new PrintWriter(err))
                .execute("evaluate", folder.resolve("models/cells").toString(), "--data", data.toString(), "--json");

        assertThat(code).as(err.toString()).isZero();
        assertThat(JsonMapper.shared()
                        .readTree(report.toString())
                        .path("accuracy")
                        .asDouble())
                .isEqualTo(1);
    }

    /** A package as a folder, whose description asks for another epsilon than that of its test tensors. */
    @Test
    void aPackageWhoseTestTensorsDoNotHoldLeavesNothing() throws IOException {
        Path changed = Files.createDirectories(folder.resolve("package"));
        try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(VOLUMES.resolve("package-0.5.zip")))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                byte[] bytes = zip.readAllBytes();
                String text = new String(bytes, StandardCharsets.ISO_8859_1);
                Files.write(
                        changed.resolve(entry.getName()),
                        entry.getName().endsWith(".yaml")
                                ? text.replace("eps: 1.0e-6", "eps: 0.9").getBytes(StandardCharsets.ISO_8859_1)
                                : bytes);
            }
        }

        assertThat(run(changed)).isOne();
        assertThat(err.toString()).contains("nothing is written", "differ from test_output.npy");
        assertThat(folder.resolve("models/cells")).doesNotExist();
    }
}
