package dev.gnserve.archive;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Replacements in a text, gathered in any order and applied at once. */
final class Edits {

    private record Edit(int from, int to, String replacement) {}

    private final List<Edit> edits = new ArrayList<>();

    void replace(int from, int to, String replacement) {
        edits.add(new Edit(from, to, replacement));
    }

    void insert(int at, String text) {
        replace(at, at, text);
    }

    boolean isEmpty() {
        return edits.isEmpty();
    }

    /** The text with the edits; those at the same place appear in the order in which they were made. */
    String apply(String text) {
        return apply(text, 0, text.length());
    }

    /** A part of the text with the edits that lie in it. */
    String apply(String text, int from, int to) {
        StringBuilder edited = new StringBuilder();
        int at = from;
        List<Edit> ordered = edits.stream()
                .filter(edit -> edit.from() >= from && edit.to() <= to)
                .sorted(Comparator.comparingInt(Edit::from))
                .toList();
        for (Edit edit : ordered) {
            if (edit.from() >= at) {
                edited.append(text, at, edit.from()).append(edit.replacement());
                at = edit.to();
            }
        }
        return edited.append(text, at, to).toString();
    }
}
