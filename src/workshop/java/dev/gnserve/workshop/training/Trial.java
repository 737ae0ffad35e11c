package dev.gnserve.workshop.training;

import dev.gnserve.archive.TorchScriptWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Runs a {@link TrialRecipe}. A rerun in the same folder goes on from the last checkpoint. */
public final class Trial {

    private Trial() {}

    /**
     * What came of a trial.
     *
     * @param score of the held-out images; 0 where the training diverged
     * @param diverged whether the loss became infinite or no number
     * @param parameters of the network
     * @param seconds of the part that ran now
     */
    public record Outcome(TrialRecipe recipe, double score, boolean diverged, int parameters, double seconds) {}

    /**
     * Trains with one replica, so that Batch Normalization sees the whole batch, and measures the last weights.
     *
     * @param folder of the checkpoint
     */
    public static Outcome run(TrialRecipe recipe, TrialData data, Path folder) throws IOException {
        return switch (recipe.subject()) {
            case UNET -> run(recipe, data.nuclei(recipe), folder, recipe.steps());
            case RESNET -> run(recipe, data.cells(recipe), folder, recipe.steps());
            case FCOS -> run(recipe, data.detection(recipe), folder, recipe.steps());
        };
    }

    /** Runs the first steps, as an interrupted trial would. */
    static <R extends Replica<B>, B> Outcome run(TrialRecipe recipe, TrialTask<R, B> task, Path folder, int end)
            throws IOException {
        long begin = System.nanoTime();
        RunFolder run = new RunFolder(folder);
        run.begin(recipe);
        try (ParallelGradient<R, B> replica = new ParallelGradient<>(task::network, 1)) {
            R network = replica.first();
            Checkpoint state = run.hasCheckpoint()
                    ? run.checkpoint()
                    : Checkpoint.initial(task.initialWeights(network, recipe.seed()));
            Momentum optimizer = new Momentum(state, network.weights().decays());
            OneCycle rate = new OneCycle(recipe.rate() * recipe.batch() / TrialRecipe.RATE_BATCH, recipe.steps());
            boolean diverged = false;
            try {
                new TrainingLoop<>(
                                recipe.name(),
                                rate,
                                recipe.steps(),
                                recipe.steps(),
                                replica,
                                step -> List.of(task.batch(examples(recipe, step))),
                                weights -> Map.of())
                        .run(state, optimizer, end, run);
            } catch (TrainingLoop.Diverged e) {
                diverged = true;
            }
            network.weights().load(state.weights());
            double score = diverged ? 0 : task.score(network);
            double seconds = (System.nanoTime() - begin) / 1e9;
            return new Outcome(recipe, score, diverged, network.weights().size(), seconds);
        }
    }

    /** The examples of a step. Every epoch has all of them, in another order, which is the same for all sizes of the batch. */
    static int[] examples(TrialRecipe recipe, int step) {
        int first = step * recipe.batch();
        int epoch = first / recipe.examples();
        int[] order = new int[recipe.examples()];
        SplittableRandom random = new SplittableRandom(recipe.seed() * 1_000_003L + epoch);
        for (int i = 0; i < order.length; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        int[] chosen = new int[recipe.batch()];
        System.arraycopy(order, first % recipe.examples(), chosen, 0, chosen.length);
        return chosen;
    }

    /**
     * Writes the network of a trial as a TorchScript archive.
     *
     * @param folder of the checkpoint
     * @param batchStatistics whether Batch Normalization uses the statistics of the served batch in place of its running statistics
     */
    public static void export(TrialRecipe recipe, Path folder, boolean batchStatistics, Path archive)
            throws IOException {
        float[] weights = new RunFolder(folder).checkpoint().weights();
        TorchScriptWriter.write(recipe.script(weights, batchStatistics), recipe.archiveName(), archive);
    }
}
