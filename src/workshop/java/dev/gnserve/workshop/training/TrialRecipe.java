package dev.gnserve.workshop.training;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.evaluation.BloodCellData;
import java.util.List;
import java.util.Locale;

/**
 * All that decides the outcome of a trial, but for the data: a short training of a small network, made to compare normalizations. It sees a fixed set of
 * examples for a number of epochs, by {@link Momentum} with a learning rate in proportion to the batch.
 *
 * @param subject network and data
 * @param norm of all layers
 * @param entrance what differs from it where the network begins; only the U-Net has other ones than {@link Entrance#plain}
 * @param channels of the input, 3, or 1 for the mean of the three; only the U-Net takes 1
 * @param stretched whether images are normalized one by one before the network, by percentiles; only the U-Net takes images that are not
 * @param batch examples of a step, which the norm sees together
 * @param epochs how often each example is seen
 * @param examples of the training set, a multiple of the batch
 * @param rate the highest learning rate of a batch of 16
 * @param seed of the initial weights and of the order of the examples; the examples are always the same
 * @param choosing whether it is measured on the images that settings are chosen by, and not on those that are reported
 */
public record TrialRecipe(
        Subject subject,
        Norm norm,
        Entrance entrance,
        int channels,
        boolean stretched,
        int batch,
        int epochs,
        int examples,
        double rate,
        long seed,
        boolean choosing)
        implements Recipe {

    /** The batch that {@link #rate} is given for. */
    public static final int RATE_BATCH = 16;

    /** A network and its data. */
    public enum Subject {
        /** A U-Net on crops of nuclei; the score is the Dice coefficient. */
        UNET("dice"),
        /** A residual network on crops of blood cells; the score is the share of right classes. */
        RESNET("accuracy"),
        /** A detector on crops of blood smears; the score is AP at 0.5, mean of the classes. */
        FCOS("ap50");

        private final String score;

        Subject(String score) {
            this.score = score;
        }

        /** Name of the score, which is at best 1. */
        public String score() {
            return score;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public TrialRecipe {
        if (batch < 1 || epochs < 1 || examples < 1 || examples % batch != 0) {
            throw new IllegalArgumentException("batch and epochs must be positive and the examples a multiple of the"
                    + " batch, not " + batch + ", " + epochs + ", " + examples);
        }
        if (subject != Subject.UNET && (channels != 3 || !stretched || !entrance.equals(Entrance.plain(norm)))) {
            throw new IllegalArgumentException("only the U-Net has other entrances");
        }
    }

    /** A trial without anything special at the entrance. */
    public static TrialRecipe plain(
            Subject subject, Norm norm, int batch, int epochs, int examples, double rate, long seed) {
        return new TrialRecipe(
                subject, norm, Entrance.plain(norm), 3, true, batch, epochs, examples, rate, seed, false);
    }

    public TrialRecipe withEntrance(Entrance other, int otherChannels, boolean otherStretched) {
        return new TrialRecipe(
                subject, norm, other, otherChannels, otherStretched, batch, epochs, examples, rate, seed, choosing);
    }

    /** The same, measured on the images that settings are chosen by. */
    public TrialRecipe toChoose() {
        return new TrialRecipe(subject, norm, entrance, channels, stretched, batch, epochs, examples, rate, seed, true);
    }

    /** Names the trial among others; fit for a file name. */
    @JsonIgnore
    public String name() {
        String special = entrance.equals(Entrance.plain(norm)) && stretched && channels == 3
                ? ""
                : "-%s.%s.%d.%s"
                        .formatted(
                                entrance.input().text(),
                                entrance.first().text(),
                                channels,
                                stretched ? "stretched" : "fixed");
        return "%s-%s%s-b%d-e%d-n%d-r%s-s%d%s"
                .formatted(
                        subject, norm.text(), special, batch, epochs, examples, rate, seed, choosing ? "-choosing" : "")
                .replace('/', '_');
    }

    @Override
    @JsonIgnore
    public int steps() {
        return epochs * (examples / batch);
    }

    /** The length of a trial is fixed by its epochs. */
    @Override
    public TrialRecipe withSteps(int steps) {
        return this;
    }

    @Override
    @JsonIgnore
    public String archiveName() {
        return subject.toString();
    }

    @Override
    public ScriptModule script(float[] weights) {
        return script(weights, false);
    }

    /** See {@link NormLayer#script}. */
    ScriptModule script(float[] weights, boolean batchStatistics) {
        try (Replica<?> replica = replica()) {
            return replica.script(weights, batchStatistics);
        }
    }

    private Replica<?> replica() {
        return switch (subject) {
            case UNET -> new TrainableUNet(unet());
            case RESNET -> new TrainableResNet(resnet());
            case FCOS -> new TrainableFcos(fcos());
        };
    }

    UNetShape unet() {
        return new UNetShape(channels, List.of(8, 16, 32), norm, entrance, SegmentationTarget.CLASSES);
    }

    ResNetShape resnet() {
        return new ResNetShape(channels, List.of(32, 64, 128), norm, CellCrops.CLASSES);
    }

    FcosShape fcos() {
        return new FcosShape(List.of(16, 16, 32, 32, 32), 32, norm, BloodCellData.LABELS.size());
    }
}
