package dev.gnserve.workshop.cli;

import dev.gnserve.cli.BuildVersion;
import dev.gnserve.cli.GnserveCommand;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Entry of {@code gnserve-workshop.jar}. Exit codes as those of {@code gnserve.jar}. */
@Command(
        name = "gnserve-workshop",
        description = "Trains the embedded models and measures gnserve.",
        subcommands = {
            TrainCommand.class,
            ExportCommand.class,
            BlobsCommand.class,
            PaperCommand.class,
            BenchCommand.class,
            FamiliesCommand.class,
            CommandLine.HelpCommand.class
        },
        mixinStandardHelpOptions = true,
        versionProvider = BuildVersion.class,
        scope = CommandLine.ScopeType.INHERIT)
public final class WorkshopCommand implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private WorkshopCommand() {}

    public static void main(String[] args) {
        Locale.setDefault(Locale.ENGLISH);
        System.exit(GnserveCommand.execute(new WorkshopCommand(), args));
    }

    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }
}
