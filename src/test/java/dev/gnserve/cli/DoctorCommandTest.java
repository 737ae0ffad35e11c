package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class DoctorCommandTest {

    @TempDir
    private Path models;

    @Test
    void whatKeepsTheServiceFromItsWorkIsNamedAndTheExitCodeIsOne() throws IOException {
        Files.createDirectories(models.resolve("broken/1"));
        Files.writeString(models.resolve("broken/model.yaml"), "task: tensors\nwarmUp: {shapes: [[3, 8, 8]]}\n");
        Files.writeString(models.resolve("broken/1/model.pt"), "no archive");
        Files.createDirectories(models.resolve("bare/1"));
        Files.writeString(models.resolve("bare/1/model.pt"), "without a manifest");
        StringWriter out = new StringWriter();
        CommandLine command = GnserveCommand.commandLine().setOut(new PrintWriter(out));
        int code;
        try (ServerSocket taken = new ServerSocket(0)) {
            code = command.execute(
                    "doctor", "--models-dir", models.toString(), "--port", String.valueOf(taken.getLocalPort()));
        }

        assertThat(code).isEqualTo(1);
        assertThat(out.toString().lines())
                .anySatisfy(line -> assertThat(line).startsWith("OK   Java: "))
                .anySatisfy(
                        line -> assertThat(line).matches("\\w+ +memory: limit [\\d,]+ MB: heap .* million pixels.*"))
                .anySatisfy(line -> assertThat(line).matches("FAIL port: .* in use.*--server.port"))
                .anySatisfy(line -> assertThat(line).startsWith("OK   engine: PyTorch "))
                .anySatisfy(line -> assertThat(line).isEqualTo("OK   model nuclei-unet-gn version 1: loads and runs"))
                .anySatisfy(line -> assertThat(line).startsWith("FAIL model broken version 1: "))
                .anySatisfy(line -> assertThat(line).startsWith("WARN models: The folder " + models.resolve("bare")))
                .last()
                .isEqualTo("Something keeps the service from its work.");
    }
}
