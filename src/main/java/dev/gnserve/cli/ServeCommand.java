package dev.gnserve.cli;

import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.GnserveApplication;
import dev.gnserve.backend.Engine;
import dev.gnserve.process.HardExit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

@Command(
        name = "serve",
        description = "Serves the models over HTTP (the default command). Options are Spring's: --server.port=8081.")
final class ServeCommand implements Runnable {

    private static final System.Logger LOG = System.getLogger(ServeCommand.class.getName());

    /** As a JVM ends that is asked to by SIGTERM. */
    private static final int EXIT_AFTER_SIGTERM = 128 + 15;

    private static volatile @Nullable ConfigurableApplicationContext context;

    @Unmatched
    private List<String> springArguments = new ArrayList<>();

    @Override
    public void run() {
        serve(springArguments.toArray(String[]::new));
    }

    static void serve(String[] springArguments) {
        SpringApplication application = new SpringApplication(GnserveApplication.class);
        ConfigurableApplicationContext started = application.run(springArguments);
        context = started;
        Engine engine = started.getBean(Engine.class);
        SpringApplication.getShutdownHandlers().add(() -> endUnder(engine));
    }

    /** After the context has been closed: a call that does not return would crash in the exit of the JVM. */
    private static void endUnder(Engine engine) {
        if (!engine.isIdle()) {
            LOG.log(WARNING, "the process ends while calls are inside the engine");
            HardExit.now(EXIT_AFTER_SIGTERM);
        }
    }

    /** Whether a context runs in this process, so that it must not exit when the command returns. */
    static boolean serving() {
        ConfigurableApplicationContext started = context;
        return started != null && started.isActive();
    }
}
