package dev.gnserve.workshop.paper;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.model.ExpectedGroupNorm;
import dev.gnserve.verification.BatchInvariance;
import dev.gnserve.verification.Decisions;
import dev.gnserve.verification.ModelVerifier;
import dev.gnserve.verification.Verdict;
import dev.gnserve.workshop.training.Norm;
import dev.gnserve.workshop.training.Trial;
import dev.gnserve.workshop.training.TrialData;
import dev.gnserve.workshop.training.TrialData.HeldOut;
import dev.gnserve.workshop.training.TrialRecipe;
import dev.gnserve.workshop.training.TrialRecipe.Subject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a trained network answers for an image in the back end of the product, alone and in batches: how far outputs move, how many decisions change, and
 * what that does to the score.
 */
final class Serving {

    private static final int BATCH = 8;
    private static final int CHECKED = 8;

    private Serving() {}

    /** How a network is served. */
    enum Mode {
        /** Batch Normalization by the statistics that it learnt. */
        RUNNING,
        /** Batch Normalization by the statistics of the served batch, as an archive that was exported in training mode. */
        BATCH_STATISTICS,
        GROUP;

        Norm norm() {
            return this == GROUP ? Experiment.GROUP : Norm.BATCH;
        }
    }

    /** The seven other images of a batch. */
    enum Mates {
        NONE,
        /** The next images of the data set. */
        OTHERS,
        /** Zeros, as a service sends that fills its batches up to a fixed size. */
        EMPTY
    }

    /**
     * Images with one kind of mates.
     *
     * @param score Dice of the pixels, or the share of right classes
     * @param decisions all decisions: pixels, or images
     * @param changed decisions that differ from those for the image alone
     * @param largest difference of an output from that for the image alone
     */
    record Row(Mode mode, Mates mates, double score, long decisions, long changed, double largest) {}

    /**
     * The product's own check of some images in batches of up to 8 with shifted copies of themselves.
     *
     * @param failed images that fail it
     */
    record Check(Mode mode, int images, int failed, double largest) {}

    record Result(Subject subject, long seed, int images, List<Row> rows, List<Check> checks) {}

    /** Serves the networks of two trials, whose checkpoints are in {@code runs}. */
    static Result measure(Subject subject, Scale scale, long seed, TrialRuns runs, TrialData data, Engine engine)
            throws IOException {
        List<Row> rows = new ArrayList<>();
        List<Check> checks = new ArrayList<>();
        int images = 0;
        for (Mode mode : Mode.values()) {
            TrialRecipe trial = trial(subject, mode.norm(), scale, seed);
            List<HeldOut> heldOut =
                    some(subject, data.heldOut(trial), scale.reduced() ? 16 : subject == Subject.UNET ? 40 : 240);
            images = heldOut.size();
            Path archive = Files.createTempFile("paper", ".pt");
            try {
                Trial.export(trial, runs.work(trial), mode == Mode.BATCH_STATISTICS, archive);
                measure(engine, archive, subject, mode, heldOut, rows, checks);
            } finally {
                Files.delete(archive);
            }
        }
        return new Result(subject, seed, images, rows, checks);
    }

    static TrialRecipe trial(Subject subject, Norm norm, Scale scale, long seed) {
        return Experiment.plain(subject, norm, Experiment.LARGE_BATCH, scale, seed);
    }

    /** The trials whose networks are served. */
    static List<TrialRecipe> trials(Subject subject, Scale scale, long seed) {
        return List.of(trial(subject, Norm.BATCH, scale, seed), trial(subject, Experiment.GROUP, scale, seed));
    }

    /** Nuclei evenly from the whole; of cells the first, because their classes come in turns. */
    private static List<HeldOut> some(Subject subject, List<HeldOut> all, int most) {
        int count = Math.min(most, all.size());
        if (subject != Subject.UNET) {
            return all.subList(0, count);
        }
        List<HeldOut> some = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            some.add(all.get(i * all.size() / count));
        }
        return some;
    }

    private static void measure(
            Engine engine,
            Path file,
            Subject subject,
            Mode mode,
            List<HeldOut> images,
            List<Row> rows,
            List<Check> checks)
            throws IOException {
        EngineScope scope = engine.scope(mode.toString());
        try (ArchiveSnapshot archive = ArchiveSnapshot.read(file);
                BackendModel model = scope.load(archive, BackendPlan.CPU);
                ModelVerifier verifier = new ModelVerifier(
                        scope,
                        archive,
                        mode.toString(),
                        BackendPlan.CPU,
                        ExpectedGroupNorm.ANY,
                        Decisions.HIGHEST,
                        Duration.ofMinutes(1))) {
            BackendSession session = model.newSession();
            List<Prediction> alone = answers(session, images, Mates.NONE);
            for (Mates mates : Mates.values()) {
                rows.add(row(subject, mode, mates, images, alone, answers(session, images, mates)));
            }
            checks.add(check(verifier, mode, images.subList(0, Math.min(CHECKED, images.size()))));
        }
    }

    /** For each image the prediction in a batch with its mates. */
    private static List<Prediction> answers(BackendSession session, List<HeldOut> images, Mates mates) {
        List<Prediction> answers = new ArrayList<>();
        for (int i = 0; i < images.size(); i++) {
            List<FloatTensor> batch = new ArrayList<>(List.of(tensor(images.get(i))));
            for (int mate = 1; mate < BATCH && mates != Mates.NONE; mate++) {
                FloatTensor other = tensor(images.get((i + mate) % images.size()));
                batch.add(
                        mates == Mates.OTHERS
                                ? other
                                : new FloatTensor(other.shape(), new float[other.values().length]));
            }
            answers.add(session.run(batch).predictions().get(0));
        }
        return answers;
    }

    private static FloatTensor tensor(HeldOut image) {
        return new FloatTensor(TensorShape.of(image.channels(), image.side(), image.side()), image.planes());
    }

    private static Row row(
            Subject subject,
            Mode mode,
            Mates mates,
            List<HeldOut> images,
            List<Prediction> alone,
            List<Prediction> together) {
        long decisions = 0;
        long changed = 0;
        double largest = 0;
        long right = 0;
        long nuclei = 0;
        for (int i = 0; i < images.size(); i++) {
            float[] one = alone.get(i).first().floats();
            float[] other = together.get(i).first().floats();
            for (int at = 0; at < one.length; at++) {
                largest = Math.max(largest, Math.abs(one[at] - other[at]));
            }
            changed += Decisions.HIGHEST.changed(alone.get(i), together.get(i));
            int[] truth = images.get(i).truth();
            decisions += truth.length;
            int classes = other.length / truth.length;
            for (int at = 0; at < truth.length; at++) {
                int best = 0;
                for (int label = 1; label < classes; label++) {
                    best = other[label * truth.length + at] > other[best * truth.length + at] ? label : best;
                }
                if (subject == Subject.UNET) {
                    right += best > 0 && truth[at] > 0 ? 2 : 0;
                    nuclei += (best > 0 ? 1 : 0) + (truth[at] > 0 ? 1 : 0);
                } else {
                    right += best == truth[at] ? 1 : 0;
                }
            }
        }
        double score = right / (double) Math.max(1, subject == Subject.UNET ? nuclei : decisions);
        return new Row(mode, mates, score, decisions, changed, largest);
    }

    private static Check check(ModelVerifier verifier, Mode mode, List<HeldOut> images) {
        int failed = 0;
        double largest = 0;
        for (HeldOut image : images) {
            BatchInvariance invariance =
                    verifier.verifyNow(tensor(image), BATCH).batchInvariance();
            if (invariance == null || invariance.verdict() == Verdict.NOT_APPLICABLE) {
                throw new IllegalStateException("the check of batches does not apply: " + invariance);
            }
            failed += invariance.verdict() == Verdict.FAIL ? 1 : 0;
            largest = Math.max(largest, invariance.maxAbsoluteDifference());
        }
        return new Check(mode, images.size(), failed, largest);
    }
}
