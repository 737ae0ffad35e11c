package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The jar where a control group allows few threads, as {@code docker run --pids-limit} does. Needs rights on control groups. */
class ThreadLimitJarIT {

    private static final Path GROUPS = Path.of("/sys/fs/cgroup/pids");

    private final Path group =
            GROUPS.resolve("gnserve-test-" + ProcessHandle.current().pid());

    @BeforeEach
    void limitThreads() throws IOException {
        assumeTrue(Files.isWritable(GROUPS), "control groups (version 1) can be made here");
        Files.createDirectory(group);
        Files.writeString(group.resolve("pids.max"), "100");
    }

    @AfterEach
    void removeGroup() throws IOException {
        if (Files.exists(group)) {
            Files.delete(group);
        }
    }

    @Test
    void moreSlowUploadsThanThreadsDoNotEndTheService() throws Exception {
        ProcessBuilder command = new ProcessBuilder(
                "bash",
                "-c",
                "echo $$ > %s/cgroup.procs && exec %s"
                        .formatted(
                                group,
                                String.join(" ", Jar.command("--server.port=0", "--gnserve.models=nuclei-unet-gn"))));
        try (StartedJar service = StartedJar.of(command)) {
            URI base = service.base();
            List<Socket> uploads = new ArrayList<>();
            try {
                for (int i = 0; i < 90; i++) {
                    Socket upload = new Socket(base.getHost(), base.getPort());
                    uploads.add(upload);
                    upload.getOutputStream().write("""
                            POST /v1/models/nuclei-unet-gn/segment HTTP/1.1\r
                            Host: test\r
                            Content-Type: image/png\r
                            Content-Length: 9000\r
                            \r
                            ab""".getBytes(StandardCharsets.US_ASCII));
                }
                Thread.sleep(2_000); // Until each has its thread, or waits for one.
            } finally {
                for (Socket upload : uploads) {
                    upload.close();
                }
            }

            HttpRequest probe = HttpRequest.newBuilder(base.resolve("livez"))
                    .timeout(Duration.ofSeconds(30))
                    .build();
            assertThat(HttpClient.newHttpClient()
                            .send(probe, BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(200);
        }
    }
}
