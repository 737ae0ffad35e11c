package dev.gnserve.workshop.paper;

import dev.gnserve.workshop.training.Entrance;
import dev.gnserve.workshop.training.Norm;
import dev.gnserve.workshop.training.TrialRecipe;
import dev.gnserve.workshop.training.TrialRecipe.Subject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The questions of the paper, each a list of trials. Trials that two experiments share run once. */
public enum Experiment {
    /** Which learning rate? Measured on other images than the rest, and with another seed. */
    RATES {
        @Override
        List<TrialRecipe> once(Subject subject, Scale scale, long seed) {
            List<TrialRecipe> trials = new ArrayList<>();
            for (Norm norm : List.of(Norm.BATCH, GROUP)) {
                for (double rate : scale.reduced() ? List.of(0.05, 0.2) : List.of(0.025, 0.05, 0.1, 0.2, 0.4)) {
                    trials.add(TrialRecipe.plain(
                                    subject, norm, LARGE_BATCH, scale.epochs(subject), scale.examples(), rate, seed)
                            .toChoose());
                }
            }
            return trials;
        }
    },
    /** Error against batch size. */
    BATCH {
        @Override
        List<TrialRecipe> once(Subject subject, Scale scale, long seed) {
            List<Integer> batches =
                    scale.reduced() || subject == Subject.FCOS ? List.of(2, 16) : List.of(16, 8, 4, 2, 1);
            List<TrialRecipe> trials = new ArrayList<>();
            for (int batch : batches) {
                for (Norm norm : scale.reduced() ? List.of(Norm.BATCH, GROUP) : NORMS) {
                    trials.add(plain(subject, norm, batch, scale, seed));
                }
            }
            return trials;
        }
    },
    /** How many groups, or how many channels in each? */
    GROUPS {
        @Override
        List<TrialRecipe> once(Subject subject, Scale scale, long seed) {
            return groups(subject, scale.reduced()).stream()
                    .map(norm -> plain(subject, Norm.of(norm), GROUPS_BATCH, scale, seed))
                    .toList();
        }
    },
    /** Should groups grow with the channels? The trials are those of {@link #GROUPS}, compared in pairs. */
    GROWTH {
        @Override
        List<TrialRecipe> once(Subject subject, Scale scale, long seed) {
            return pairs(subject).stream()
                    .flatMap(List::stream)
                    .distinct()
                    .map(norm -> plain(subject, Norm.of(norm), GROUPS_BATCH, scale, seed))
                    .toList();
        }
    },
    /** What normalizes at the entrance? The images come with the exposure that they have. */
    ENTRANCE {
        @Override
        List<TrialRecipe> once(Subject subject, Scale scale, long seed) {
            if (subject != Subject.UNET) {
                return List.of();
            }
            TrialRecipe trial = plain(subject, GROUP, GROUPS_BATCH, scale, seed);
            List<TrialRecipe> trials = new ArrayList<>();
            for (int channels : scale.reduced() ? List.of(3) : List.of(3, 1)) {
                trials.add(trial.withEntrance(Entrance.plain(GROUP), channels, true));
                for (Entrance entrance : entrances(channels)) {
                    trials.add(trial.withEntrance(entrance, channels, false));
                }
            }
            return trials;
        }
    };

    static final Norm GROUP = new Norm.Group(4);
    static final List<Norm> NORMS = List.of(Norm.BATCH, GROUP, Norm.LAYER, Norm.INSTANCE, Norm.NONE);
    static final int LARGE_BATCH = 16;
    static final int GROUPS_BATCH = 8;

    /** The trials of one network with one seed. */
    abstract List<TrialRecipe> once(Subject subject, Scale scale, long seed);

    /** All trials, seed by seed, so that an experiment that is stopped has whole seeds. */
    public List<TrialRecipe> trials(Scale scale) {
        return scale.seeds().stream()
                .flatMap(seed -> scale.subjects().stream().flatMap(subject -> once(subject, scale, seed).stream()))
                .distinct()
                .toList();
    }

    /** The highest learning rate of a batch of 16, one for all norms of a network; chosen by {@link #RATES}. */
    static double rate(Subject subject) {
        return switch (subject) {
            case UNET -> 0.1;
            case RESNET -> 0.05;
            case FCOS -> 0.05;
        };
    }

    static TrialRecipe plain(Subject subject, Norm norm, int batch, Scale scale, long seed) {
        return TrialRecipe.plain(subject, norm, batch, scale.epochs(subject), scale.examples(), rate(subject), seed);
    }

    /** The norms of {@link #GROUPS}: numbers of groups, then channels in each, as far as they divide the channels of all stages. */
    static List<String> groups(Subject subject, boolean reduced) {
        if (subject == Subject.FCOS) {
            return List.of();
        }
        if (reduced) {
            return List.of("ln", "gn4", "in");
        }
        return subject == Subject.UNET // 8, 16 and 32 channels; the classifier has 32, 64 and 128
                ? List.of("ln", "gn2", "gn4", "gn8", "in", "gn/2", "gn/4", "gn/8")
                : List.of("ln", "gn2", "gn4", "gn8", "gn16", "gn32", "in", "gn/2", "gn/4", "gn/8", "gn/16");
    }

    /** Pairs of {@link #GROWTH}: a fixed number of groups and a growing one, equal in the first, the middle and the last stage. */
    static List<List<String>> pairs(Subject subject) {
        return switch (subject) {
            case UNET -> List.of(List.of("gn2", "gn/4"), List.of("gn4", "gn/4"), List.of("gn8", "gn/4"));
            case RESNET -> List.of(List.of("gn4", "gn/8"), List.of("gn8", "gn/8"), List.of("gn16", "gn/8"));
            case FCOS -> List.of();
        };
    }

    /** After nothing at all: the first convolution alone is normalized, in three ways; then the input, too. */
    static List<Entrance> entrances(int channels) {
        List<Entrance> entrances = new ArrayList<>(List.of(
                new Entrance(Norm.NONE, Norm.NONE),
                new Entrance(Norm.NONE, Norm.LAYER),
                new Entrance(Norm.NONE, Norm.INSTANCE),
                new Entrance(Norm.NONE, GROUP),
                new Entrance(Norm.LAYER, GROUP)));
        if (channels > 1) { // Of one channel, both are the same.
            entrances.add(new Entrance(Norm.INSTANCE, GROUP));
        }
        return entrances;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
