package dev.gnserve.cli;

import dev.gnserve.failure.Failure;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/**
 * The command line. Exit codes: 0 success, 1 a check failed, 2 misuse.
 *
 * <p>{@code serve} is the default command. Its options are those of Spring ({@code --server.port=8081}), so it gets all arguments if none
 * of them names a command.
 */
@Command(
        name = "gnserve",
        description = "Serves Group-Normalization vision models over HTTP and verifies their numerics.",
        subcommands = {
            ServeCommand.class,
            NewCommand.class,
            DoctorCommand.class,
            InspectCommand.class,
            VerifyCommand.class,
            ExportCommand.class,
            BatchCommand.class,
            ConvertCommand.class,
            EvaluateCommand.class,
            TuneCommand.class,
            GoldenCommand.class,
            ExampleCommand.class,
            GroupNormCommand.class,
            TrialCommand.class,
            CommandLine.HelpCommand.class
        },
        mixinStandardHelpOptions = true,
        versionProvider = BuildVersion.class,
        scope = CommandLine.ScopeType.INHERIT)
public final class GnserveCommand implements Runnable {

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** The commands whose logging Spring configures. */
    private static final Set<String> WITH_SPRING = Set.of("serve", "batch", "golden");

    private static final String LOG_SETTINGS = "logback.configurationFile";

    private GnserveCommand() {}

    public static void main(String[] args) {
        Locale.setDefault(Locale.ENGLISH); // Messages are English, and so are the numbers in them.
        if (servesByDefault(args)) {
            ServeCommand.serve(args);
            return;
        }
        int exitCode = execute(new GnserveCommand(), args);
        boolean keepsRunning = args[0].equals("serve") && exitCode == 0 && ServeCommand.serving();
        if (!keepsRunning) {
            System.exit(exitCode);
        }
    }

    /** Runs the subcommand that the arguments name, and returns the exit code. Not to be called twice in one process. */
    public static int execute(Object command, String... args) {
        boolean springLogs = args.length > 0 && WITH_SPRING.contains(args[0]);
        if (!springLogs && System.getProperty(LOG_SETTINGS) == null) {
            System.setProperty(LOG_SETTINGS, "logback-command.xml");
        }
        return commandLine(command).execute(args);
    }

    static CommandLine commandLine() {
        return commandLine(new GnserveCommand());
    }

    private static CommandLine commandLine(Object command) {
        return new CommandLine(command)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(GnserveCommand::report);
    }

    /** Prints the reason of a failure, or the stack trace if no reason is known. Spring has printed either for a failed start already. */
    private static int report(Exception failure, CommandLine command, ParseResult arguments) throws Exception {
        String reason = Failure.reason(failure);
        if (reason == null && !command.getCommandName().equals("serve")) {
            throw failure;
        }
        if (!WITH_SPRING.contains(command.getCommandName())) {
            command.getErr().println(reason);
        }
        return command.getCommandSpec().exitCodeOnExecutionException();
    }

    /** True for no arguments, or only Spring's {@code --property=value} options. */
    static boolean servesByDefault(String[] args) {
        return Arrays.stream(args).allMatch(arg -> arg.startsWith("--") && arg.contains("="));
    }

    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }
}
