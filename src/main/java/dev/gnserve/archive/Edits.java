package dev.gnserve.archive;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Edits of a text: collected in any order, applied together. Not thread-safe. */
final class Edits {

    private record Edit(int from, int to, String replacement) {}

    private final List<Edit> edits = new ArrayList<>();

    void replace(int from, int to, String replacement) {
        edits.add(new Edit(from, to, replacement));
    }

    void insert(int at, String text) {
        replace(at, at, text);
    }

    /** Applies the edits. Insertions at the same place keep their order. */
    String apply(String text) {
        return apply(text, 0, text.length());
    }

    /** Applies the edits within a part of the text and returns that part. */
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
