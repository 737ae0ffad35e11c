package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gnserve.model.ModelRepository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** The pages as a person sees them, in a real browser where one is installed. */
@RunningService
class PageIT {

    private static final List<Path> BROWSERS = Stream.of(
                    "/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chrome")
            .map(Path::of)
            .toList();

    @LocalServerPort
    int port;

    @Autowired
    ModelRepository models;

    @TempDir
    Path profile;

    @Test
    void showsWhatWasFoundInASample() throws Exception {
        String page = rendered("#sample=1");

        assertThat(page)
                .contains("fluorescence-256.png")
                .contains("<dt>objects</dt>")
                .contains("256 x 256")
                .containsPattern("[1-9][0-9]* objects of ");
        assertThat(page).doesNotContain("class=\"problem\"");
    }

    @Test
    void showsTheCellsOfASampleOfTheDetector() throws Exception {
        String page = rendered("#sample=4");

        // The labels that were found, with their numbers; what they are is DetectionIT's affair.
        assertThat(page).containsPattern("RBC \\([1-9][0-9]?\\)").contains("640 x 480");
        assertThat(page).doesNotContain("class=\"problem\"");
    }

    /** A page of this server after its scripts have run. */
    private String rendered(String path) throws IOException, InterruptedException {
        Optional<Path> installed = BROWSERS.stream().filter(Files::isExecutable).findFirst();
        assumeTrue(installed.isPresent(), "no browser is installed");
        models.loaded().join();
        return rendered(installed.orElseThrow(), "http://localhost:" + port + "/" + path);
    }

    private String rendered(Path browser, String url) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        browser.toString(),
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--user-data-dir=" + profile,
                        "--virtual-time-budget=60000",
                        "--dump-dom",
                        url)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String page = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return page;
    }
}
