package dev.gnserve.workshop.cli;

import dev.gnserve.workshop.training.NetworkExport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(name = "export", description = "Writes the network of a training run as a TorchScript archive.")
final class ExportCommand implements Callable<Integer> {

    @Option(names = "--run", required = true, description = "Folder of the run, the --out of train.")
    @SuppressWarnings("NullAway.Init")
    private Path run;

    @Option(names = "--out", required = true, description = "The archive: model.pt.")
    @SuppressWarnings("NullAway.Init")
    private Path out;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        int steps = NetworkExport.write(run, out);
        spec.commandLine().getOut().printf("%s: %d bytes, trained %d steps%n", out, Files.size(out), steps);
        return 0;
    }
}
