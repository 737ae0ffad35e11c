package dev.gnserve.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

class ServingSettingsTest {

    @ParameterizedTest
    @ValueSource(strings = {"0s", "-1s"})
    void theFolderIsNeverWatchedWithAnIntervalOfZeroOrLess(String interval) {
        assertThat(bind(interval).watchInterval()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"200us", "10s"})
    void everyOtherIntervalIsKept(String interval) {
        assertThat(bind(interval).watchInterval()).isGreaterThan(Duration.ZERO);
    }

    /** In the web server, as the service binds them: Spring reads a path there as a resource of the server first. */
    @ParameterizedTest
    @ValueSource(strings = {"../elsewhere", "models/../other", "models", "/absolute"})
    void pathsAreReadFromTheWorkingDirectory(String path) {
        try (var context = new SpringApplicationBuilder(Server.class)
                .web(WebApplicationType.SERVLET)
                .run("--server.port=0", "--gnserve.models-dir=" + path)) {
            assertThat(context.getBean(ServingSettings.class).modelsDir())
                    .isEqualTo(Path.of(path).normalize());
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties(ServingSettings.class)
    @Import(PathOfSetting.class)
    static class Server {

        @Bean
        TomcatServletWebServerFactory tomcat() {
            return new TomcatServletWebServerFactory(0);
        }
    }

    private static ServingSettings bind(String interval) {
        return new Binder(new MapConfigurationPropertySource(Map.of("gnserve.watch-interval", interval)))
                .bindOrCreate("gnserve", ServingSettings.class);
    }
}
