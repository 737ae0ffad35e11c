package dev.gnserve.model;

import dev.gnserve.model.Traffic.Shadow;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Reads {@link Traffic} from text: {@code default: 1} and {@code shadow: {version: 2, share: 0.1}}, both optional, in YAML or JSON.
 * A version is a text or a whole number.
 */
public final class TrafficFile {

    static final String NAME = "traffic.yaml";

    private static final ObjectMapper YAML = new YAMLMapper();

    private TrafficFile() {}

    /**
     * Reads a text.
     *
     * @throws IllegalArgumentException naming field, value and what is allowed
     */
    public static Traffic read(String text) {
        JsonNode root;
        try {
            root = YAML.readTree(text);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("it is not YAML: " + e.getOriginalMessage(), e);
        }
        if (root.isNull() || root.isMissingNode()) {
            return Traffic.NEWEST;
        }
        requireFields(root, "", Set.of("default", "shadow"));
        JsonNode shadow = root.path("shadow");
        return new Traffic(version(root, "default"), isAbsent(shadow) ? null : shadow(shadow));
    }

    private static Shadow shadow(JsonNode shadow) {
        requireFields(shadow, "shadow.", Set.of("version", "share"));
        String version = version(shadow, "version");
        JsonNode share = shadow.path("share");
        if (version == null || !share.isNumber()) {
            throw new IllegalArgumentException("shadow is " + shadow + ", expected is {version: 2, share: 0.1}");
        }
        return new Shadow(version, share.doubleValue());
    }

    private static @Nullable String version(JsonNode section, String field) {
        JsonNode value = section.path(field);
        if (isAbsent(value)) {
            return null;
        }
        if (!value.isIntegralNumber() && (!value.isString() || value.asString().isBlank())) {
            throw new IllegalArgumentException(field + " is " + value
                    + ", expected is the name of a version's folder. Write one like 1.10 in quotes, as a text");
        }
        return value.asString();
    }

    private static void requireFields(JsonNode section, String prefix, Set<String> allowed) {
        if (!section.isObject()) {
            throw new IllegalArgumentException((prefix.isEmpty() ? "it" : "shadow")
                    + " is not a section, allowed are the fields " + new TreeSet<>(allowed));
        }
        for (String name : section.propertyNames()) {
            if (!allowed.contains(name)) {
                throw new IllegalArgumentException(
                        prefix + name + " is not known, allowed are the fields " + new TreeSet<>(allowed));
            }
        }
    }

    private static boolean isAbsent(JsonNode value) {
        return value.isMissingNode() || value.isNull();
    }
}
