package dev.gnserve.cli;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.program.ArchiveFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "export",
        description = {
            "Writes a torch.export program (.pt2) as the TorchScript archive that gnserve serves. Python's torch.jit.load reads it, too.",
            "Exit code 0: written. 2: misuse, or a file that cannot be served."
        })
final class ExportCommand implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "MODEL.pt2", description = "The program.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Parameters(index = "1", paramLabel = "OUT.pt", description = "The archive to write. It must not exist.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (Files.exists(out)) {
            throw new ParameterException(spec.commandLine(), out + " exists already");
        }
        try (ArchiveSnapshot archive = ArchiveFile.read(model);
                InputStream bytes = archive.newInputStream()) {
            archive.torchScript(); // Refuses a file that is no archive.
            Files.copy(bytes, out);
        } catch (TorchScriptException e) {
            spec.commandLine().getErr().println(model + ": " + e.getMessage());
            return 2;
        }
        spec.commandLine().getOut().println(out + " written");
        spec.commandLine().getOut().flush();
        return 0;
    }
}
