package dev.gnserve.cli;

import dev.gnserve.GnserveApplication;
import dev.gnserve.process.FatalErrors;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

@Command(
        name = "serve",
        description =
                "Serves the models over HTTP. This is the default command. Its options are Spring's: --server.port=8081.")
final class ServeCommand implements Runnable {

    private static volatile @Nullable ConfigurableApplicationContext context;

    @Unmatched
    private List<String> springArguments = new ArrayList<>();

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        for (String argument : springArguments) {
            if (!argument.startsWith("--")) {
                throw new ParameterException(
                        spec.commandLine(),
                        "Unknown argument: " + argument + ". Settings begin with --, such as --server.port=8081");
            }
        }
        serve(springArguments.toArray(String[]::new));
    }

    static void serve(String[] springArguments) {
        FatalErrors.endTheProcess(ServeCommand::isOfRequests);
        context = SpringApplication.run(GnserveApplication.class, springArguments);
    }

    /** Tomcat replaces a thread of its pool, and starts a virtual thread for each request. */
    private static boolean isOfRequests(Thread thread) {
        return thread.getName().contains("-exec-") || thread.getName().startsWith("tomcat-handler-");
    }

    /** Whether the service runs in this process, which then must not exit when the command returns. */
    static boolean serving() {
        ConfigurableApplicationContext started = context;
        return started != null && started.isActive();
    }
}
