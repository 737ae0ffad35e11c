package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A shape of an input as a person writes it: {@code 1x3x512x512}, {@code 3,512,512}, {@code mask=Nx64x64:bool}. Immutable.
 *
 * @param name of the input; null if it is the only one
 * @param marked whether an N stands for the batch axis, which the sizes leave out
 */
public record StatedShape(@Nullable String name, boolean marked, List<Integer> sizes, ElementType type) {

    private static final String EXAMPLES = "such as 1x3x512x512, 3,512,512, Nx3x512x512 or mask=1x64x64:bool";

    public StatedShape {
        sizes = List.copyOf(sizes);
    }

    /**
     * Reads a shape.
     *
     * @throws IllegalArgumentException if it is none; the message says what is allowed
     */
    public static StatedShape parse(String text) {
        int equals = text.indexOf('=');
        int colon = text.indexOf(':', equals + 1);
        String name = equals < 0 ? null : text.substring(0, equals).strip();
        String typeName = colon < 0 ? "fp32" : text.substring(colon + 1).strip();
        String[] sizes = text.substring(equals + 1, colon < 0 ? text.length() : colon)
                .strip()
                .split("\\s*[xX,]\\s*", -1);
        ElementType type = Stream.of(ElementType.values())
                .filter(known -> known.name().equals(typeName.toUpperCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "is " + text + ", whose type " + typeName + " is none of " + List.of(ElementType.values())));
        boolean marked = sizes[0].equalsIgnoreCase("N");
        List<Integer> read = new ArrayList<>();
        for (int i = marked ? 1 : 0; i < sizes.length; i++) {
            if (!sizes[i].matches("[1-9]\\d{0,6}") && !(sizes.length == 1 && sizes[0].isEmpty())) {
                throw new IllegalArgumentException("is " + text + ", allowed are sizes " + EXAMPLES);
            }
            if (!sizes[i].isEmpty()) {
                read.add(Integer.valueOf(sizes[i]));
            }
        }
        if ((name != null && name.isEmpty()) || read.size() > 8 || (name == null && read.isEmpty())) {
            throw new IllegalArgumentException("is " + text + ", allowed are sizes " + EXAMPLES);
        }
        return new StatedShape(name, marked, read, type);
    }

    /** Whether the first of four sizes or more is 1, as in a batch of one image. */
    boolean looksLikeBatch() {
        return sizes.size() >= 4 && sizes.get(0) == 1;
    }
}
