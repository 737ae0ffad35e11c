package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.numpy.NumpyFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GroupNormCommandTest {

    @TempDir
    Path folder;

    private final StringWriter err = new StringWriter();

    @BeforeEach
    void writeInput() throws IOException {
        new NumpyFile(new long[] {1, 4, 2}, new float[] {1, 3, 1, 3, 10, 10, 30, 30}).write(folder.resolve("x.npy"));
        new NumpyFile(new long[] {4}, new float[] {1, 2, 1, 2}).write(folder.resolve("w.npy"));
        new NumpyFile(new long[] {4}, new float[] {0, 0, 5, 5}).write(folder.resolve("b.npy"));
    }

    @Test
    void writesResultAndStatisticsAsNumpyFiles() throws IOException {
        assertThat(run(
                        "--groups",
                        "2",
                        "--epsilon",
                        "0",
                        "--weight",
                        path("w.npy"),
                        "--bias",
                        path("b.npy"),
                        "--stats",
                        path("s.npz")))
                .isZero();

        NumpyFile result = NumpyFile.read(folder.resolve("y.npy"));
        assertThat(result.shape()).containsExactly(1, 4, 2);
        assertThat(result.values()).containsExactly(-1, 1, -2, 2, 4, 4, 7, 7);
        assertThat(Files.readAllBytes(folder.resolve("y.npy"))).startsWith(0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0);
        try (ZipFile stats = new ZipFile(folder.resolve("s.npz").toFile())) {
            assertThat(stats.getEntry("mean.npy")).isNotNull();
            assertThat(stats.getEntry("rstd.npy")).isNotNull();
        }
    }

    @Test
    void misuseIsOneLineAndExitCodeTwo() throws IOException {
        assertThat(run("--groups", "3")).isEqualTo(2);
        assertThat(err.toString())
                .contains("[1, 4, 2] and num_groups=3")
                .contains("1, 2, 4")
                .hasLineCount(1);
        assertThat(run("--groups", "2", "--weight", path("x.npy"))).isEqualTo(2);
        assertThat(err.toString()).contains("x.npy is float32[1, 4, 2], allowed is an array with one axis");
        assertThat(run("--groups", "2", "--bias", path("missing.npy"))).isEqualTo(2);
        assertThat(err.toString()).contains("missing.npy does not exist");
        Files.writeString(folder.resolve("text.npy"), "1, 2, 3");
        assertThat(run("--groups", "2", "--bias", path("text.npy"))).isEqualTo(2);
        assertThat(err.toString()).contains("text.npy is not a .npy file");
        assertThat(run("--groups", "2", "--epsilon", "-1")).isEqualTo(2);
        assertThat(err.toString()).contains("epsilon").hasLineCount(5);
        assertThat(folder.resolve("y.npy")).doesNotExist();
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private int run(String... more) {
        String[] common = {"groupnorm", "--input", path("x.npy"), "--output", path("y.npy")};
        String[] all = Stream.of(common, more).flatMap(Arrays::stream).toArray(String[]::new);
        return GnserveCommand.commandLine().setErr(new PrintWriter(err, true)).execute(all);
    }
}
