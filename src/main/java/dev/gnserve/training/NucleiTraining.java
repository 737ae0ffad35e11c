package dev.gnserve.training;

import dev.gnserve.engine.Device;
import dev.gnserve.engine.Engine;
import dev.gnserve.engine.EngineSettings;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/** Trains on a folder of nuclei; a rerun goes on from the last checkpoint of the run folder. */
public final class NucleiTraining {

    private static final System.Logger LOG = System.getLogger(NucleiTraining.class.getName());

    private static final int STEPS_PER_CHECKPOINT = 100;
    private static final int STEPS_PER_VALIDATION = 500;
    /** Larger images are left out of the validation between steps; the evaluation of the export has all. */
    private static final int VALIDATION_PIXELS = 400_000;

    private final NucleiRecipe recipe;
    private final RunFolder run;
    private final List<LabelledImage> validation;
    private final CropSampler sampler;

    NucleiTraining(NucleiRecipe recipe, List<LabelledImage> training, List<LabelledImage> validation, RunFolder run) {
        this.recipe = recipe;
        this.run = run;
        this.validation = validation.stream()
                .filter(image -> image.pixels() <= VALIDATION_PIXELS)
                .toList();
        sampler = new CropSampler(training, recipe.cropSize(), recipe.seed());
    }

    /**
     * Trains on the split {@code train} of a data set, watching the split {@code val}.
     *
     * @param data folder of the data set
     * @param run folder of the run; if it holds a checkpoint, the run goes on from there
     */
    public static void run(NucleiRecipe recipe, Path data, Path run) throws IOException {
        // One engine thread for each replica, see ParallelGradient.
        try (Engine engine = Engine.start(new EngineSettings(Device.CPU, 1))) {
            LOG.log(Level.INFO, () -> recipe + " in " + engine.description());
            RunFolder folder = new RunFolder(run);
            folder.begin(recipe);
            NucleiData nuclei = NucleiData.open(data);
            List<LabelledImage> training = nuclei.load(nuclei.files("train"), NucleiRecipe.NORMALIZATION);
            List<LabelledImage> validation = nuclei.load(nuclei.files("val"), NucleiRecipe.NORMALIZATION);
            new NucleiTraining(recipe, training, validation, folder).run();
        }
    }

    Checkpoint run() throws IOException {
        return runUntil(recipe.steps());
    }

    /** Runs the first steps of the recipe, as an interrupted run would. */
    Checkpoint runUntil(int end) throws IOException {
        try (ParallelGradient replicas = new ParallelGradient(recipe.network(), NucleiRecipe.REPLICAS)) {
            Checkpoint state = run.hasCheckpoint()
                    ? run.checkpoint()
                    : Checkpoint.initial(replicas.first().initialWeights(recipe.seed()));
            AdamW optimizer =
                    new AdamW(state, replicas.first().decays(), NucleiRecipe.WEIGHT_DECAY, NucleiRecipe.AVERAGE_DECAY);
            train(replicas, state, optimizer, end);
            return state;
        }
    }

    private void train(ParallelGradient replicas, Checkpoint state, AdamW optimizer, int end) throws IOException {
        OneCycle learningRate = new OneCycle(recipe.peakLearningRate(), recipe.steps());
        float[] gradient = new float[replicas.first().size()];
        double smoothed = Double.NaN;
        String scores = "";
        CompletableFuture<List<CropBatch>> next = drawn(state.step());
        try (ProgressBar progress = new ProgressBarBuilder()
                .setTaskName("nuclei")
                .setInitialMax(recipe.steps())
                .startsFrom(state.step(), Duration.ZERO)
                .setUpdateIntervalMillis(2_000)
                .build()) {
            while (state.step() < end) {
                List<CropBatch> batches = next.join();
                next = drawn(state.step() + 1);
                float loss = replicas.lossAndGradient(state.weights(), batches, gradient);
                if (!Float.isFinite(loss)) {
                    throw new IllegalStateException("loss is " + loss + " at step " + state.step());
                }
                optimizer.step(gradient, learningRate.at(state.step()));
                smoothed = Double.isNaN(smoothed) ? loss : 0.98 * smoothed + 0.02 * loss;
                boolean last = state.step() == end;
                if (last || state.step() % STEPS_PER_CHECKPOINT == 0) {
                    run.save(state);
                }
                if (last || state.step() % STEPS_PER_VALIDATION == 0) {
                    SegmentationScores validated = validate(replicas, state);
                    scores = String.format(Locale.ROOT, "Dice %.4f F1 %.4f", validated.dice(), validated.f1());
                    run.record(state.step(), smoothed, validated);
                }
                progress.setExtraMessage(String.format(Locale.ROOT, "loss %.4f %s", smoothed, scores));
                progress.stepTo(state.step());
            }
        }
    }

    private CompletableFuture<List<CropBatch>> drawn(int step) {
        return CompletableFuture.supplyAsync(() -> IntStream.range(0, NucleiRecipe.REPLICAS)
                .mapToObj(replica -> sampler.batch(step * NucleiRecipe.REPLICAS + replica, recipe.crops()))
                .toList());
    }

    private SegmentationScores validate(ParallelGradient replicas, Checkpoint state) {
        return replicas.score(state.average(), validation, new Validation(NucleiRecipe.OBJECT_FINDER)::score);
    }
}
