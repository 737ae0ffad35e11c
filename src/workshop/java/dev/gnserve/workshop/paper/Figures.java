package dev.gnserve.workshop.paper;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the seeds of one setting gave: errors of 0 to 1, one for each seed that ended.
 *
 * @param diverged how many of them diverged, with an error of 1
 */
record Figures(List<Double> errors, int diverged) {

    Figures {
        errors = List.copyOf(errors);
    }

    Optional<Double> mean() {
        return errors.isEmpty()
                ? Optional.empty()
                : Optional.of(errors.stream()
                        .mapToDouble(Double::doubleValue)
                        .average()
                        .orElseThrow());
    }

    double least() {
        return errors.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN);
    }

    double most() {
        return errors.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
    }

    /** Percent: the mean, with the least and the most of several seeds. */
    @Override
    public String toString() {
        if (errors.isEmpty()) {
            return "-";
        }
        String mean = String.format(Locale.ROOT, "%.1f", 100 * mean().orElseThrow());
        String range =
                errors.size() == 1 ? "" : String.format(Locale.ROOT, " (%.1f to %.1f)", 100 * least(), 100 * most());
        return mean + range + (diverged == 0 ? "" : ", " + diverged + " diverged");
    }
}
