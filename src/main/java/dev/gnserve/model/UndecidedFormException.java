package dev.gnserve.model;

import java.util.List;

/** No form, or more than one, fits the outputs of an archive: a person must choose. */
public final class UndecidedFormException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<Choice> choices;

    /**
     * One way to go on.
     *
     * @param options of {@code gnserve new}
     * @param meaning in words
     */
    public record Choice(String options, String meaning) {}

    UndecidedFormException(String message, List<Choice> choices) {
        super(message);
        this.choices = List.copyOf(choices);
    }

    public List<Choice> choices() {
        return choices;
    }
}
