package dev.gnserve.connection;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.thread.Threading;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Has Tomcat use the protocol with limits on slow clients. */
@Configuration(proxyBeanMethods = false)
class ConnectionConfiguration {

    private static final Logger log = LoggerFactory.getLogger(ConnectionConfiguration.class);

    /** A virtual thread that waits holds a request, and no thread of the operating system. */
    static final int WAITING_VIRTUAL_THREADS = 500;

    /** The first JDK whose virtual threads release their carrier in Tomcat's waits. */
    private static final int JDK_OF_CHEAP_WAITS = 24;

    @Bean
    SlowClients slowClients(
            ConnectionLimits limits, @Value("${server.tomcat.threads.max:200}") int threads, Environment environment) {
        boolean cheap =
                Threading.VIRTUAL.isActive(environment) && Runtime.version().feature() >= JDK_OF_CHEAP_WAITS;
        int usual = cheap ? WAITING_VIRTUAL_THREADS : Math.max(1, threads / 2);
        int most = limits.maxWaitingClients() == null ? usual : limits.maxWaitingClients();
        log.info("At most {} threads wait for clients at the same time", most);
        return new SlowClients(most, limits.maxResponseTime());
    }

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> slowClientsOfTomcat(SlowClients slow) {
        return factory -> {
            factory.setProtocol(ClientProtocol.class.getName());
            factory.addConnectorCustomizers(connector -> {
                if (connector.getProtocolHandler() instanceof ClientProtocol protocol) {
                    protocol.limit(slow);
                    protocol.setMaxConnections(Math.min(protocol.getMaxConnections(), maxConnections()));
                    protocol.setContinueResponseTiming("onRead"); // What the headers tell is judged before.
                }
            });
        };
    }

    /** A quarter of the files that the process may open is left for models and libraries. */
    private static int maxConnections() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
                ? (int) Math.min(Integer.MAX_VALUE, system.getMaxFileDescriptorCount() / 4 * 3)
                : Integer.MAX_VALUE;
    }
}
