package dev.gnserve.workshop.training;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/**
 * Steps of an optimizer with everything around them: batches drawn ahead, checkpoints, scores along the way, a progress bar.
 *
 * @param name for the progress bar
 * @param learningRate of every step
 * @param steps of the whole run, which may stop before
 * @param stepsPerValidation how often the averaged weights are scored
 * @param replicas compute the gradient
 * @param batches one for each replica, by step; called from another thread
 * @param validation scores by name, of the averaged weights
 */
record TrainingLoop<R extends Replica<B>, B>(
        String name,
        OneCycle learningRate,
        int steps,
        int stepsPerValidation,
        ParallelGradient<R, B> replicas,
        IntFunction<List<B>> batches,
        Function<float[], Map<String, Double>> validation) {

    private static final int STEPS_PER_CHECKPOINT = 100;

    /** The loss of a run is not finite. */
    static final class Diverged extends IllegalStateException {

        private static final long serialVersionUID = 1;

        private Diverged(String message) {
            super(message);
        }
    }

    /**
     * Goes on from a state to a step.
     *
     * @throws Diverged when the loss is not finite
     */
    void run(Checkpoint state, Optimizer optimizer, int end, RunFolder run) throws IOException {
        float[] gradient = new float[replicas.first().weights().size()];
        double smoothed = Double.NaN;
        String scores = "";
        CompletableFuture<List<B>> next = drawn(state.step());
        try (ProgressBar progress = new ProgressBarBuilder()
                .setTaskName(name)
                .setInitialMax(steps)
                .startsFrom(state.step(), Duration.ZERO)
                .setUpdateIntervalMillis(2_000)
                .build()) {
            while (state.step() < end) {
                List<B> batch = next.join();
                next = drawn(state.step() + 1);
                float loss = replicas.lossAndGradient(state.weights(), batch, gradient);
                if (!Float.isFinite(loss)) {
                    throw new Diverged("loss is " + loss + " at step " + state.step());
                }
                optimizer.step(gradient, learningRate.at(state.step()));
                smoothed = Double.isNaN(smoothed) ? loss : 0.98 * smoothed + 0.02 * loss;
                boolean last = state.step() == end;
                if (last || state.step() % STEPS_PER_CHECKPOINT == 0) {
                    run.save(state);
                }
                if (last || state.step() % stepsPerValidation == 0) {
                    Map<String, Double> validated = validation.apply(state.average());
                    scores = described(validated);
                    run.record(state.step(), smoothed, validated);
                }
                progress.setExtraMessage(String.format(Locale.ROOT, "loss %.4f %s", smoothed, scores));
                progress.stepTo(state.step());
            }
        }
    }

    private CompletableFuture<List<B>> drawn(int step) {
        return CompletableFuture.supplyAsync(() -> batches.apply(step));
    }

    private static String described(Map<String, Double> scores) {
        return scores.entrySet().stream()
                .map(score -> String.format(Locale.ROOT, "%s %.4f", score.getKey(), score.getValue()))
                .collect(Collectors.joining(" "));
    }
}
