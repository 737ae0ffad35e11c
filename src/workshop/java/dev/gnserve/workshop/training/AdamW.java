package dev.gnserve.workshop.training;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019) over one flat array, and the exponential moving average of the weights. Plain Java
 * rather than the engine's optimizer, because a run that resumes needs this state and DJL keeps its own private.
 *
 * <p>Arrays are shared with the {@link Checkpoint}, not copied.
 */
final class AdamW implements Optimizer {

    private static final double BETA_1 = 0.9;
    private static final double BETA_2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final Checkpoint state;
    private final boolean[] decays;
    private final double weightDecay;
    private final double averageDecay;

    /**
     * @param decays which weights decay: those of convolutions, not those of norms nor biases
     * @param averageDecay share of the moving average that a step keeps
     */
    AdamW(Checkpoint state, boolean[] decays, double weightDecay, double averageDecay) {
        this.state = state;
        this.decays = decays;
        this.weightDecay = weightDecay;
        this.averageDecay = averageDecay;
    }

    @Override
    public void step(float[] gradient, double learningRate) {
        int step = state.advance();
        double correction1 = 1 - Math.pow(BETA_1, step);
        double correction2 = 1 - Math.pow(BETA_2, step);
        // Young averages forget their random beginning sooner.
        double keep = Math.min(averageDecay, (1.0 + step) / (10.0 + step));
        float[] weights = state.weights();
        float[] first = state.firstMoment();
        float[] second = state.secondMoment();
        float[] average = state.average();
        for (int i = 0; i < weights.length; i++) {
            double g = gradient[i];
            double m = BETA_1 * first[i] + (1 - BETA_1) * g;
            double v = BETA_2 * second[i] + (1 - BETA_2) * g * g;
            first[i] = (float) m;
            second[i] = (float) v;
            double decayed = decays[i] ? weights[i] * (1 - learningRate * weightDecay) : weights[i];
            weights[i] = (float) (decayed - learningRate * (m / correction1) / (Math.sqrt(v / correction2) + EPSILON));
            average[i] = (float) (keep * average[i] + (1 - keep) * weights[i]);
        }
    }
}
