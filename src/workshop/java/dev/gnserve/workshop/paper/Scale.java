package dev.gnserve.workshop.paper;

import dev.gnserve.workshop.training.TrialRecipe.Subject;
import java.util.List;
import java.util.stream.LongStream;

/**
 * How much an experiment trains.
 *
 * @param subjects the networks that take part
 * @param examples of the training sets
 * @param epochs how often an example is seen; the classifier, whose steps cost least, sees each twice as often
 * @param seeds each trial runs once for each
 * @param reduced whether only the ends of a series run: the smallest and the largest batch, for example
 */
public record Scale(List<Subject> subjects, int examples, int epochs, List<Long> seeds, boolean reduced) {

    public Scale {
        subjects = List.copyOf(subjects);
        seeds = List.copyOf(seeds);
    }

    int epochs(Subject subject) {
        return subject == Subject.RESNET ? 2 * epochs : epochs;
    }

    /** As many seeds as said, from the first on. */
    public static List<Long> seeds(long first, int count) {
        return LongStream.range(first, first + count).boxed().toList();
    }
}
