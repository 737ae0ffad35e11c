package dev.gnserve.evaluation;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which part of a data set is held back from training, to measure with. 1/1 stands for none: the data set's own splits.
 *
 * @param index from 1
 * @param count of parts
 */
public record Fold(int index, int count) {

    public static final Fold NONE = new Fold(1, 1);

    private static final Pattern FORM = Pattern.compile("(\\d{1,3})/(\\d{1,3})");

    public Fold {
        if (index < 1 || index > count) {
            throw new IllegalArgumentException("fold " + index + "/" + count + " does not exist, write 2/5");
        }
    }

    /**
     * Reads {@code 2/5}.
     *
     * @throws IllegalArgumentException when it is something else
     */
    public static Fold parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("a fold is written 2/5, not " + text);
        }
        return new Fold(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    }

    public boolean isNone() {
        return count == 1;
    }

    @Override
    public String toString() {
        return index + "/" + count;
    }
}
