package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class AdamWTest {

    @Test
    void stepsAreThoseOfPyTorch() {
        // torch.optim.AdamW([1., -2.], lr=0.1, weight_decay=0.01), gradients [0.5, -1], [0.1, 2], [-0.3, 0.2].
        float[] weights = {1, -2};
        Checkpoint state = Checkpoint.initial(weights);
        AdamW optimizer = new AdamW(state, new boolean[] {true, true}, 0.01, 0.9);
        optimizer.step(new float[] {0.5f, -1}, 0.1);
        optimizer.step(new float[] {0.1f, 2}, 0.1);
        optimizer.step(new float[] {-0.3f, 0.2f}, 0.1);
        assertThat(weights).containsExactly(new float[] {0.7959079f, -1.9646614f}, within(1e-6f));
        assertThat(state.step()).isEqualTo(3);
    }

    @Test
    void normsAndBiasesDoNotDecay() {
        float[] weights = {1, 1};
        AdamW optimizer = new AdamW(Checkpoint.initial(weights), new boolean[] {true, false}, 0.5, 0.9);
        optimizer.step(new float[2], 0.1);
        assertThat(weights).containsExactly(new float[] {0.95f, 1}, within(1e-6f));
    }

    @Test
    void averageFollowsTheWeights() {
        Checkpoint state = Checkpoint.initial(new float[] {0});
        AdamW optimizer = new AdamW(state, new boolean[1], 0, 0.5);
        for (int i = 0; i < 200; i++) {
            optimizer.step(new float[] {state.weights()[0] - 3}, 0.1);
        }
        assertThat(state.average()[0]).isCloseTo(state.weights()[0], within(0.05f));
        assertThat(state.average()[0]).isNotEqualTo(state.weights()[0]);
    }
}
