package dev.gnserve.serving;

import dev.gnserve.failure.MisconfiguredException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.commons.text.similarity.LevenshteinDistance;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.context.EnvironmentAware;
import org.springframework.core.env.CommandLinePropertySource;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.stereotype.Component;

/**
 * Refuses to start with a setting under {@code gnserve} that does not exist, and with an option of the command line whose name has no dot,
 * such as {@code --port}. Spring passes over such settings, so that a typing mistake would mean the default.
 *
 * <p>Environment variables and system properties also serve other programs, and Kubernetes sets variables for its services. An unknown
 * one of these stops the start only if it is nearly a known one; otherwise it is logged.
 */
@Component
final class SettingNames implements BeanFactoryPostProcessor, EnvironmentAware {

    private static final Logger log = LoggerFactory.getLogger(SettingNames.class);

    private static final String ROOT = "gnserve";

    /** Settings that conditions and application.yaml read. */
    private static final Set<String> WITHOUT_RECORD =
            Set.of("gnserve.tracing", "gnserve.repository.enabled", "gnserve.request-log");

    /** Options of Spring without a dot. */
    private static final Set<String> WITHOUT_DOT = Set.of("debug", "trace");

    /** Different letters between a typing mistake and what was meant. */
    private static final int NEAR = 2;

    /** Spring's names of places where settings are. */
    private static final Map<String, String> SOURCES = Map.of(
            CommandLinePropertySource.COMMAND_LINE_PROPERTY_SOURCE_NAME, "command line",
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, "environment variable",
            StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME, "system property");

    private static final Pattern INDEX = Pattern.compile("\\[[^]]*]|(?<=\\w)_\\d+$");

    /** What Kubernetes and Docker set for a service called gnserve, or gnserve-something. */
    private static final Pattern SERVICE_LINK =
            Pattern.compile("GNSERVE(_\\w+)?_(SERVICE_HOST|SERVICE_PORT(_\\w+)?|PORT(_\\d+_(TCP|UDP|SCTP)(_\\w+)?)?)");

    private @Nullable Environment environment;

    /** Before {@link #postProcessBeanFactory}; constructors get no arguments so early. */
    @Override
    public void setEnvironment(Environment environment) {
        this.environment = environment;
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
        if (environment instanceof ConfigurableEnvironment configurable) {
            check(configurable, known(beans));
        }
    }

    /** The names of all settings under {@code gnserve}, from the records that Spring binds them to. */
    static List<String> known(ConfigurableListableBeanFactory beans) {
        Stream<String> bound = Stream.of(beans.getBeanNamesForAnnotation(ConfigurationProperties.class))
                .flatMap(bean -> {
                    Class<?> type = beans.getType(bean, false);
                    ConfigurationProperties settings = beans.findAnnotationOnBean(bean, ConfigurationProperties.class);
                    return type == null || settings == null || !type.isRecord()
                            ? Stream.of()
                            : names(settings.value(), type);
                })
                .filter(name -> name.startsWith(ROOT + "."));
        return Stream.concat(bound, WITHOUT_RECORD.stream()).sorted().toList();
    }

    private static Stream<String> names(String prefix, Class<?> type) {
        return Stream.of(type.getRecordComponents()).flatMap(component -> {
            String name = prefix + "." + DataObjectPropertyName.toDashedForm(component.getName());
            return isGroup(component) ? names(name, component.getType()) : Stream.of(name);
        });
    }

    private static boolean isGroup(RecordComponent component) {
        return component.getType().isRecord() && component.getType().getName().startsWith("dev.gnserve.");
    }

    static void check(ConfigurableEnvironment environment, List<String> known) {
        Map<String, String> mistakes = new TreeMap<>();
        for (PropertySource<?> source : environment.getPropertySources()) {
            if (source instanceof EnumerablePropertySource<?> listed) {
                for (String name : listed.getPropertyNames()) {
                    String mistake = isShared(source)
                            ? inShared(name, known)
                            : isCommandLine(source) && !name.contains(".") ? ofOption(name) : mistake(name, known);
                    if (mistake != null) {
                        mistakes.put(name + " (" + origin(source, name) + ")", mistake);
                    }
                }
            }
        }
        if (!mistakes.isEmpty()) {
            List<String> sentences = new ArrayList<>();
            mistakes.forEach((name, mistake) -> sentences.add(name + " is not a setting. " + mistake));
            throw new MisconfiguredException(String.join(System.lineSeparator(), sentences));
        }
    }

    private static boolean isShared(PropertySource<?> source) {
        return source.getName().equals(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME)
                || source.getName().equals(StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME);
    }

    private static boolean isCommandLine(PropertySource<?> source) {
        return source.getName().equals(CommandLinePropertySource.COMMAND_LINE_PROPERTY_SOURCE_NAME);
    }

    private static @Nullable String ofOption(String name) {
        return WITHOUT_DOT.contains(name)
                ? null
                : "Write settings by their whole name, such as --server.port=8081 or --gnserve.models-dir=FOLDER."
                        + " `help COMMAND` lists the options of a command.";
    }

    private static @Nullable String inShared(String name, List<String> known) {
        boolean ours = name.startsWith("GNSERVE_") || name.startsWith("gnserve.");
        if (!ours || isKnown(name, known) || SERVICE_LINK.matcher(name).matches()) {
            return null;
        }
        String nearest = nearest(name, known);
        if (distance(letters(name), letters(nearest)) <= NEAR) {
            return "Did you mean " + nearest + "?";
        }
        log.warn("{} is not a setting of gnserve; it is ignored", name);
        return null;
    }

    private static @Nullable String mistake(String name, List<String> known) {
        String root = name.split("[.\\[]", 2)[0].toLowerCase(Locale.ROOT);
        if (!name.contains(".") || distance(root, ROOT) > NEAR || isKnown(name, known)) {
            return null;
        }
        return "Did you mean " + nearest(name, known) + "? The settings are " + String.join(", ", known) + ".";
    }

    private static boolean isKnown(String name, List<String> known) {
        String letters = letters(name);
        return known.stream().anyMatch(each -> letters(each).equals(letters));
    }

    private static String nearest(String name, List<String> known) {
        String letters = letters(name);
        return known.stream()
                .min(Comparator.comparingInt(each -> distance(letters(each), letters)))
                .orElseThrow();
    }

    /** A name in the form in which all its spellings are equal: no index, no dashes, no upper case, as in Spring's relaxed binding. */
    private static String letters(String name) {
        return INDEX.matcher(name).replaceAll("").toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
    }

    private static int distance(String one, String other) {
        return LevenshteinDistance.getDefaultInstance().apply(one, other);
    }

    private static String origin(PropertySource<?> source, String name) {
        Origin origin = OriginLookup.getOrigin(source, name);
        return origin != null ? origin.toString() : SOURCES.getOrDefault(source.getName(), source.getName());
    }
}
