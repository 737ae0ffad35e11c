package dev.gnserve.workshop.training;

/**
 * Stochastic gradient descent with momentum, as the experiments of Wu and He 2018 use it. Its learning rate can be scaled with the batch (Goyal et al.
 * 2017), which that of Adam cannot. What is evaluated are the weights themselves: the "average" of the state is a copy of them.
 *
 * <p>Arrays are shared with the {@link Checkpoint}, not copied.
 */
final class Momentum implements Optimizer {

    private static final double KEPT = 0.9;
    private static final double WEIGHT_DECAY = 1e-4;

    private final Checkpoint state;
    private final boolean[] decays;

    /**
     * @param decays which weights decay: those of convolutions, not those of norms nor biases
     */
    Momentum(Checkpoint state, boolean[] decays) {
        this.state = state;
        this.decays = decays;
    }

    @Override
    public void step(float[] gradient, double learningRate) {
        state.advance();
        float[] weights = state.weights();
        float[] velocity = state.firstMoment();
        for (int i = 0; i < weights.length; i++) {
            double slope = gradient[i] + (decays[i] ? WEIGHT_DECAY * weights[i] : 0);
            velocity[i] = (float) (KEPT * velocity[i] + slope);
            weights[i] = (float) (weights[i] - learningRate * velocity[i]);
        }
        System.arraycopy(weights, 0, state.average(), 0, weights.length);
    }
}
