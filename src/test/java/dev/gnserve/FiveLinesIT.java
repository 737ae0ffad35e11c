package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model of one's own in the five lines of README, word for word, with archives of two makes: traced, and scripted with a dictionary as output. */
class FiveLinesIT {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {"src/test/resources/engine/group-norm-traced.pt", "src/test/resources/models/coarse-scripted.pt"
            })
    void anArchiveBecomesAnAnswer(String archive) throws Exception {
        List<String> lines = lines();
        assumeTrue(shell("which curl").start().waitFor() == 0, "no curl here");
        Files.createSymbolicLink(Files.createDirectory(folder.resolve("target")).resolve("gnserve.jar"), Jar.FILE);
        Files.copy(Path.of(archive), folder.resolve("model.pt"));
        Files.write(folder.resolve("a.png"), Samples.png("fluorescence-256"));

        assertThat(printed(lines.get(0))).contains("group-norm");
        assertThat(printed(lines.get(1))).contains("\nPASS");
        assertThat(printed(lines.get(2))).contains("segmentation, labels [cat, dog]");
        try (StartedJar service = StartedJar.of(shell("exec " + lines.get(3)))) {
            String here = lines.get(4)
                    .replace("http://localhost:8080/", service.base().toString());
            assertThat(printed(here)).contains("\"label\":\"cat\"", "\"label\":\"dog\"", "\"coco-rle\"");
        }
    }

    private static List<String> lines() throws Exception {
        List<String> lines = Files.readString(Path.of("README.md"))
                .lines()
                .dropWhile(line -> !line.equals("## Your own model"))
                .dropWhile(line -> !line.startsWith("    "))
                .takeWhile(line -> line.startsWith("    "))
                .map(String::strip)
                .toList();
        assertThat(lines).hasSize(5);
        return lines;
    }

    private String printed(String line) throws Exception {
        Process process = shell(line).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(text).isZero();
        return text;
    }

    /** In the folder, with the JDK of this test, on a free port and without the embedded models. */
    private ProcessBuilder shell(String line) {
        ProcessBuilder shell = new ProcessBuilder("sh", "-c", line).directory(folder.toFile());
        shell.environment().merge("PATH", Jar.JAVA_FOLDER.toString(), (path, java) -> java + File.pathSeparator + path);
        shell.environment().put("JDK_JAVA_OPTIONS", Jar.QUICK_START);
        shell.environment().put("SERVER_PORT", "0");
        shell.environment().put("GNSERVE_MODELS", "mine");
        return shell;
    }
}
