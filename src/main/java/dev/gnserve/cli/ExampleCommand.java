package dev.gnserve.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.springframework.util.FileSystemUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "example",
        description = {
            "Makes the folder of an example model. volume: a 3-D U-Net with Group Normalization that finds blobs like nuclei in a stack, and"
                    + " such a stack.",
            "Exit code 0: written. 1: the folder cannot be written. 2: misuse."
        })
final class ExampleCommand implements Callable<Integer> {

    /** The examples on the class path. */
    private enum Kind {
        VOLUME
    }

    private static final String NAME = "blobs-unet3d-gn";
    private static final String SAMPLE = "blobs.tif";

    @Parameters(paramLabel = "KIND", description = "One of ${COMPLETION-CANDIDATES}.")
    @SuppressWarnings({"NullAway.Init", "UnusedVariable"}) // There is one so far.
    private Kind kind;

    @Option(
            names = "--models-dir",
            defaultValue = "models",
            description = "Folder of models (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init")
    private Path modelsDir;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() {
        Path folder = modelsDir.resolve(NAME);
        if (Files.exists(folder)) {
            throw new ParameterException(
                    spec.commandLine(), folder + " exists already; delete it or give another --models-dir");
        }
        try {
            write(folder);
        } catch (IOException e) {
            FileSystemUtils.deleteRecursively(folder.toFile());
            spec.commandLine().getErr().println("cannot write " + folder + ": " + e);
            return 1;
        }
        spec.commandLine()
                .getOut()
                .printf(
                        "%s: start the service, then%n  curl -F image=@%s http://localhost:8080/v1/models/%s/segment%n",
                        folder, folder.resolve(SAMPLE), NAME);
        return 0;
    }

    /** The manifest comes last: a service that watches the folder sees a whole model. */
    private static void write(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("1"));
        for (String file : List.of(SAMPLE, "1/model.pt", "model.yaml")) {
            try (InputStream in = ExampleCommand.class.getResourceAsStream("/examples/volume/" + file)) {
                Files.copy(Objects.requireNonNull(in, file), folder.resolve(file));
            }
        }
    }
}
