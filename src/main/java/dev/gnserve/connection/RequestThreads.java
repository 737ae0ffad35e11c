package dev.gnserve.connection;

import dev.gnserve.process.ThreadLimit;
import org.apache.catalina.connector.Connector;
import org.apache.coyote.AbstractProtocol;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.thread.Threading;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/**
 * Fits the threads of requests into the limit of threads of the control group. With a limit, all of them start with the server: Tomcat
 * ends the thread that reads its connections when a thread for a request cannot be started. Half of them may wait for slow clients.
 * Virtual threads need no limit.
 */
@Configuration(proxyBeanMethods = false)
class RequestThreads {

    private static final Logger log = LoggerFactory.getLogger(RequestThreads.class);

    /** Fewer are not useful: health checks and metrics need some while uploads hold the others. */
    private static final int FEWEST = 8;

    /** Threads of the JVM and of the service that start after the web server, measured with the two embedded models. */
    private static final int OTHERS = 24;

    /** Threads of engine workers and their teams, and of the garbage collector and the compiler. */
    private static final int OTHERS_PER_CORE = 8;

    /**
     * A customizer that runs after those of Spring.
     *
     * @param wanted threads of requests without a limit
     */
    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> requestThreadsWithinTheLimit(
            Environment environment, SlowClients slow, @Value("${server.tomcat.threads.max:200}") int wanted) {
        return factory -> ThreadLimit.ofThisProcess().ifPresent(limit -> {
            int others = others(Runtime.getRuntime().availableProcessors());
            if (limit.free() < others + FEWEST) {
                log.warn(
                        "The control group allows {} threads (pids.max), and {} exist. The service may need {} more. Allow"
                                + " more threads, or the process may end when one cannot be started",
                        limit.most(),
                        limit.now(),
                        others + FEWEST);
            }
            if (!Threading.VIRTUAL.isActive(environment)) {
                int threads = within(limit, others, wanted);
                log.info(
                        "At most {} requests at a time: the control group allows {} threads (pids.max), {} exist, {} are"
                                + " left for the engine and the JVM",
                        threads,
                        limit.most(),
                        limit.now(),
                        others);
                factory.addConnectorCustomizers(connector -> startAll(connector, threads));
                slow.lower(threads / 2);
            }
        });
    }

    static int others(int cores) {
        return OTHERS + OTHERS_PER_CORE * cores;
    }

    static int within(ThreadLimit limit, int others, int wanted) {
        return Math.min(wanted, Math.max(FEWEST, limit.free() - others));
    }

    private static void startAll(Connector connector, int threads) {
        if (connector.getProtocolHandler() instanceof AbstractProtocol<?> protocol) {
            protocol.setMaxThreads(threads);
            protocol.setMinSpareThreads(threads);
        }
    }
}
