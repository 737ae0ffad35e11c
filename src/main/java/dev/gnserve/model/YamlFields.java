package dev.gnserve.model;

import dev.gnserve.model.YamlNode.Mapping;
import dev.gnserve.model.YamlNode.Place;
import dev.gnserve.model.YamlNode.Scalar;
import dev.gnserve.model.YamlNode.Sequence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one section of a manifest, each asked for once by name.
 *
 * <p>What was never asked for when the section is {@link #end ended} is unknown, and what was asked for is the list of
 * what is allowed: the two cannot drift apart.
 */
final class YamlFields {

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})\\s*(us|ms|s|m)");

    private final Mapping section;
    private final Set<String> known = new LinkedHashSet<>();

    private YamlFields(Mapping section) {
        this.section = section;
    }

    static YamlFields of(YamlNode node) {
        if (node instanceof Mapping mapping) {
            return new YamlFields(mapping);
        }
        throw node.place().mistake("is " + kind(node) + "; allowed is a section of named fields");
    }

    boolean has(String name) {
        return find(name) != null;
    }

    /** The named subsection; an empty one when it is not given. */
    YamlFields section(String name) {
        YamlNode node = find(name);
        return node == null ? new YamlFields(new Mapping(place().child(line(), name), java.util.Map.of())) : of(node);
    }

    String text(String name, String otherwise) {
        YamlNode node = find(name);
        return node == null ? otherwise : scalar(node, "a text");
    }

    String requiredText(String name) {
        YamlNode node = find(name);
        if (node == null) {
            throw place().mistake(name + " is missing; allowed is a text");
        }
        return scalar(node, "a text");
    }

    /** The refusal of a section that lacks something. */
    InvalidManifestException missing(String what) {
        return place().mistake(what);
    }

    int integer(String name, int otherwise, int least, int most) {
        YamlNode node = find(name);
        return node == null ? otherwise : integer(node, least, most);
    }

    int requiredInteger(String name, int least, int most) {
        YamlNode node = find(name);
        if (node == null) {
            throw place().mistake(name + " is missing; allowed is a whole number from " + least + " to " + most);
        }
        return integer(node, least, most);
    }

    float number(String name, float otherwise, float least, float most) {
        YamlNode node = find(name);
        return node == null ? otherwise : number(node, least, most);
    }

    <E extends Enum<E>> E choice(String name, Class<E> type, E otherwise) {
        YamlNode node = find(name);
        return node == null ? otherwise : choice(node, type);
    }

    <E extends Enum<E>> E requiredChoice(String name, Class<E> type) {
        YamlNode node = find(name);
        if (node == null) {
            throw place().mistake(name + " is missing; allowed is one of " + words(type));
        }
        return choice(node, type);
    }

    <E extends Enum<E>> List<E> choices(String name, Class<E> type, List<E> otherwise) {
        return list(name, otherwise, "a list of " + words(type), item -> choice(item, type));
    }

    /** As {@code 5ms}; also {@code us}, {@code s} and {@code m}. */
    Duration duration(String name, Duration otherwise) {
        YamlNode node = find(name);
        if (node == null) {
            return otherwise;
        }
        String text = scalar(node, "a duration such as 5ms");
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw node.place()
                    .mistake("is \"" + text + "\"; allowed is a whole number with a unit us, ms, s or m, such as 5ms");
        }
        long amount = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "us" -> Duration.ofNanos(1000 * amount);
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            default -> Duration.ofMinutes(amount);
        };
    }

    List<String> texts(String name, List<String> otherwise) {
        return list(name, otherwise, "a list of texts", item -> scalar(item, "a text"));
    }

    List<Integer> integers(String name, List<Integer> otherwise, int least, int most) {
        return list(name, otherwise, "a list of whole numbers", item -> integer(item, least, most));
    }

    List<Float> numbers(String name, List<Float> otherwise, float least, float most) {
        return list(name, otherwise, "a list of numbers", item -> number(item, least, most));
    }

    /** A list of lists of whole numbers. */
    List<int[]> shapes(String name, List<int[]> otherwise, int most) {
        return list(name, otherwise, "a list of shapes such as [3, 256, 256]", item -> {
            if (!(item instanceof Sequence sizes)) {
                throw item.place().mistake("is " + kind(item) + "; allowed is a shape such as [3, 256, 256]");
            }
            return sizes.items().stream()
                    .mapToInt(size -> integer(size, 1, most))
                    .toArray();
        });
    }

    /** Makes this section's value, telling where the section stands when it is refused, and ends the section. */
    <V> V end(Supplier<V> value) {
        for (YamlNode field : section.fields().values()) {
            String name = section.fields().entrySet().stream()
                    .filter(entry -> entry.getValue() == field)
                    .findFirst()
                    .orElseThrow()
                    .getKey();
            if (!known.contains(name)) {
                throw field.place().mistake("unknown field; allowed here: " + String.join(", ", known));
            }
        }
        try {
            return value.get();
        } catch (IllegalArgumentException e) {
            throw place().mistake(String.valueOf(e.getMessage()), e);
        }
    }

    private <V> List<V> list(String name, List<V> otherwise, String allowed, Function<YamlNode, V> item) {
        YamlNode node = find(name);
        if (node == null) {
            return otherwise;
        }
        if (!(node instanceof Sequence sequence)) {
            throw node.place().mistake("is " + kind(node) + "; allowed is " + allowed);
        }
        List<V> values = new ArrayList<>();
        sequence.items().forEach(one -> values.add(item.apply(one)));
        return values;
    }

    private @Nullable YamlNode find(String name) {
        known.add(name);
        return section.fields().get(name);
    }

    private Place place() {
        return section.place();
    }

    private int line() {
        return section.place().line();
    }

    private static String scalar(YamlNode node, String allowed) {
        if (node instanceof Scalar scalar && scalar.text() != null) {
            return scalar.text();
        }
        throw node.place().mistake("is " + kind(node) + "; allowed is " + allowed);
    }

    private static int integer(YamlNode node, int least, int most) {
        String allowed = "a whole number from " + least + " to " + most;
        String text = scalar(node, allowed);
        try {
            int value = Integer.parseInt(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw node.place().mistake("is \"" + text + "\"; allowed is " + allowed, e);
        }
        throw node.place().mistake("is " + text + "; allowed is " + allowed);
    }

    private static float number(YamlNode node, float least, float most) {
        String allowed = "a number from " + least + " to " + most;
        String text = scalar(node, allowed);
        try {
            float value = Float.parseFloat(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw node.place().mistake("is \"" + text + "\"; allowed is " + allowed, e);
        }
        throw node.place().mistake("is " + text + "; allowed is " + allowed);
    }

    private static <E extends Enum<E>> E choice(YamlNode node, Class<E> type) {
        String text = scalar(node, "one of " + words(type));
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> word(constant).equals(text))
                .findFirst()
                .orElseThrow(() -> node.place().mistake("is \"" + text + "\"; allowed is one of " + words(type)));
    }

    private static <E extends Enum<E>> String words(Class<E> type) {
        return Arrays.stream(type.getEnumConstants()).map(YamlFields::word).collect(Collectors.joining(", "));
    }

    /** {@code SHORTEST_SIDE} is written {@code shortest-side}. */
    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static String kind(YamlNode node) {
        if (node instanceof Scalar scalar) {
            return scalar.text() == null ? "empty" : "\"" + scalar.text() + "\"";
        }
        return node instanceof Sequence ? "a list" : "a section";
    }
}
