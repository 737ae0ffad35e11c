package dev.gnserve.workshop.stress;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What became of the requests, by kind. Thread-safe. */
final class Tally {

    private static final int MOST_NOTES = 20;

    /** What became of one request. */
    enum Outcome {
        /** It had the known answer. */
        RIGHT,

        /** It was told to come back (429), that its time was over (504), or that its model is unloaded (503). */
        REFUSED,

        /** It had another answer. */
        WRONG,

        /** It had none. */
        LOST,

        /** It went away itself. */
        LEFT
    }

    private final Map<String, EnumMap<Outcome, Long>> counts = new TreeMap<>();
    private final List<String> notes = new ArrayList<>();

    synchronized void count(String kind, Outcome outcome) {
        counts.computeIfAbsent(kind, any -> new EnumMap<>(Outcome.class)).merge(outcome, 1L, Long::sum);
    }

    /** Counts, and keeps what is to be looked at, unless there is too much of it. */
    synchronized void count(String kind, Outcome outcome, String note) {
        count(kind, outcome);
        if (notes.size() < MOST_NOTES) {
            notes.add(kind + ": " + note);
        }
    }

    synchronized long of(Outcome outcome) {
        return counts.values().stream()
                .mapToLong(one -> one.getOrDefault(outcome, 0L))
                .sum();
    }

    /** By kind and outcome, every outcome of every kind. */
    synchronized Map<String, Map<Outcome, Long>> counts() {
        Map<String, Map<Outcome, Long>> copy = new TreeMap<>();
        counts.forEach((kind, outcomes) -> {
            Map<Outcome, Long> all = new EnumMap<>(Outcome.class);
            for (Outcome outcome : Outcome.values()) {
                all.put(outcome, outcomes.getOrDefault(outcome, 0L));
            }
            copy.put(kind, all);
        });
        return copy;
    }

    synchronized List<String> notes() {
        return List.copyOf(notes);
    }
}
