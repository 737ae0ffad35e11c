package dev.gnserve.cli;

import dev.gnserve.GnserveApplication;
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

    private static volatile @Nullable ConfigurableApplicationContext context;

    @Unmatched
    private List<String> springArguments = new ArrayList<>();

    @Override
    public void run() {
        serve(springArguments.toArray(String[]::new));
    }

    static void serve(String[] springArguments) {
        context = SpringApplication.run(GnserveApplication.class, springArguments);
    }

    /** Whether a context runs in this process, so that it must not exit when the command returns. */
    static boolean serving() {
        ConfigurableApplicationContext started = context;
        return started != null && started.isActive();
    }
}
