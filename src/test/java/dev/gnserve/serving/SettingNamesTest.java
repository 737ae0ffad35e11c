package dev.gnserve.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.access.AccessSettings;
import dev.gnserve.failure.MisconfiguredException;
import dev.gnserve.jobs.JobSettings;
import dev.gnserve.pipeline.UploadLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class SettingNamesTest {

    private static final Pattern USED =
            Pattern.compile("\\$\\{(gnserve\\.[a-z.-]+)|ConditionalOn\\w*Property\\((?:name = )?\"(gnserve[^\"]+)");

    private final List<String> known = known();

    @ParameterizedTest
    @CsvSource({
        "gnserve.limits.max-pixel, gnserve.limits.max-pixels",
        "gnserv.models, gnserve.models",
        "gnserver.models-dir, gnserve.models-dir",
        "gnserve.limit.max-images, gnserve.limits.max-images",
        "gnserve.watch-intervall, gnserve.watch-interval",
        "gnserve.acces.api-keys[0], gnserve.access.api-keys"
    })
    void aMisspeltSettingIsRefusedWithTheNearestName(String wrong, String right) {
        assertThatThrownBy(() -> check(argument(wrong)))
                .isInstanceOf(MisconfiguredException.class)
                .hasMessageContaining(wrong + " (")
                .hasMessageContaining("Did you mean " + right + "?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"port", "models", "shrad"})
    void anOptionWithoutADotIsRefused(String option) {
        assertThatThrownBy(() -> check(argument(option)))
                .isInstanceOf(MisconfiguredException.class)
                .hasMessageStartingWith(option + " (command line) is not a setting.")
                .hasMessageContaining("--server.port=8081");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "debug",
                "gnserve.limits.max-pixels",
                "gnserve.limits.maxPixels",
                "gnserve.limits.max_pixels",
                "GNSERVE.LIMITS.MAXPIXELS",
                "gnserve.models[0]",
                "gnserve.access.api-keys[12]",
                "gnserve.tracing",
                "gnserve.repository.enabled",
                "gnserve.request-log",
                "server.port",
                "logging.level.gnserve.request-log",
                "spring.application.name"
            })
    void everySpellingOfAKnownSettingAndEverySettingOfOthersPasses(String name) {
        assertThatCode(() -> check(argument(name))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GNSERVE_MODELSDIR",
                "GNSERVE_MODELS_DIR",
                "GNSERVE_MODELS_0",
                "GNSERVE_LIMITS_MAXPIXELS",
                "GNSERVE_ACCESS_APIKEYS_0",
                "GNSERVE_SERVICE_HOST",
                "GNSERVE_PORT",
                "GNSERVE_PORT_8080_TCP_ADDR",
                "GNSERVE_MODELS_SERVICE_PORT_HTTP",
                "GNSERVE_SOMETHING_OF_OTHERS",
                "PATH"
            })
    void variablesOfOthersPass(String name) {
        assertThatCode(() -> check(variable(name))).doesNotThrowAnyException();
    }

    @Test
    void aMisspeltVariableIsRefused() {
        assertThatThrownBy(() -> check(variable("GNSERVE_LIMITS_MAXPIXEL")))
                .hasMessageContaining("GNSERVE_LIMITS_MAXPIXEL (")
                .hasMessageContaining("Did you mean gnserve.limits.max-pixels?");
    }

    @Test
    void allMistakesAreReportedTogether() {
        assertThatThrownBy(() -> check(new MapPropertySource(
                        "commandLineArgs", Map.of("gnserve.modles", "a", "gnserve.limits.max-pixel", "1"))))
                .hasMessageContaining("gnserve.modles")
                .hasMessageContaining("gnserve.limits.max-pixel");
    }

    @Test
    void everySettingThatSourcesReadIsKnown() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("src/main"))) {
            List<String> used = files.filter(file -> file.toString().matches(".*\\.(java|yaml)"))
                    .map(SettingNamesTest::used)
                    .flatMap(Collection::stream)
                    .toList();
            assertThat(used)
                    .contains("gnserve.request-log", "gnserve.tracing", "gnserve.limits.max-upload-size")
                    .isSubsetOf(known);
        }
    }

    private static List<String> used(Path file) {
        try {
            return USED.matcher(Files.readString(file))
                    .results()
                    .map(found -> found.group(1) == null ? found.group(2) : found.group(1))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> known() {
        DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
        for (Class<?> settings :
                List.of(ServingSettings.class, UploadLimits.class, AccessSettings.class, JobSettings.class)) {
            beans.registerBeanDefinition(settings.getName(), new RootBeanDefinition(settings));
        }
        return SettingNames.known(beans);
    }

    private static MapPropertySource argument(String name) {
        return new MapPropertySource("commandLineArgs", Map.of(name, "value"));
    }

    private static MapPropertySource variable(String name) {
        return new SystemEnvironmentPropertySource("systemEnvironment", Map.of(name, "value"));
    }

    private void check(MapPropertySource source) {
        StandardEnvironment environment = new StandardEnvironment();
        environment.getPropertySources().forEach(each -> {
            environment.getPropertySources().remove(each.getName());
        });
        environment.getPropertySources().addFirst(source);
        SettingNames.check(environment, known);
    }
}
