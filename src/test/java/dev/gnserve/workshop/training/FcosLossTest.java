package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.evaluation.LabelledBox;
import dev.gnserve.image.Box;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class FcosLossTest {

    private static PyTorchBackend engine;

    @BeforeAll
    static void startEngine() {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    @Test
    void generalizedIouIsThatOfTheBoxes() {
        try (NDManager manager = NDManager.newBaseManager()) {
            Shape shape = new Shape(1, 3, 4);
            // The same box; half of it; 2 x 2 against 3 x 2 that share 1.5 x 1 in a hull of 3.5 x 3.
            // * 3 (5 * 2).
            NDArray predicted = manager.create(new float[] {1, 1, 1, 1, 2, 1, 0, 1, 1, 1, 1, 1}, shape);
            NDArray truth = manager.create(new float[] {1, 1, 1, 1, 2, 1, 2, 1, 0.5f, 2, 2.5f, 0}, shape);
            float[] found = FcosLoss.generalizedIou(predicted, truth).toFloatArray();
            double common = 1.5 * 1;
            double union = 4 + 6 - common;
            double hull = 3.5 * 3;
            assertThat(found[0]).isCloseTo(1, within(1e-6f));
            assertThat(found[1]).isCloseTo(0.5f, within(1e-6f));
            assertThat(found[2]).isCloseTo((float) (common / union - (hull - union) / hull), within(1e-6f));
        }
    }

    @Test
    void focalLossIsThatOfTheFormula() {
        try (NDManager manager = NDManager.newBaseManager()) {
            float[] logits = {-3, 0, 2, -3, 0, 2};
            float[] truth = {0, 0, 0, 1, 1, 1};
            float[] found = FcosLoss.focal(manager.create(logits), manager.create(truth))
                    .toFloatArray();
            for (int i = 0; i < logits.length; i++) {
                double p = 1 / (1 + Math.exp(-logits[i]));
                double right = truth[i] == 1 ? p : 1 - p;
                double alpha = truth[i] == 1 ? 0.25 : 0.75;
                double expected = -alpha * (1 - right) * (1 - right) * Math.log(right);
                assertThat(found[i]).isCloseTo((float) expected, within(1e-6f));
            }
        }
    }

    @Test
    void gradientIsTheSlopeOfTheLoss() {
        FcosShape shape = new FcosShape(List.of(4, 4, 4, 4, 4), 4, new Norm.Group(2), 2);
        BoxBatch batch = new BoxBatch(1, 64, 2);
        float[] planes = new float[3 * 64 * 64];
        for (int i = 0; i < planes.length; i++) {
            planes[i] = (float) Math.sin(i * 0.37);
        }
        List<LabelledBox> boxes =
                List.of(new LabelledBox(0, new Box(4, 6, 30, 26)), new LabelledBox(1, new Box(10, 20, 50, 44)));
        batch.put(0, planes, FcosTarget.of(boxes, 64, 64));
        assertThat(batch.positives()).isPositive();
        try (TrainableFcos network = new TrainableFcos(shape)) {
            float[] weights = network.initialWeights(2);
            float[] gradient = new float[weights.length];
            network.weights().load(weights);
            try (GradientCollector collector =
                    ai.djl.engine.Engine.getInstance().newGradientCollector()) {
                network.lossAndGradient(batch, collector, gradient);
            }
            // Along the gradient itself the slope is its length, far above what float32 rounds.
            double length = 0;
            for (float slope : gradient) {
                length += (double) slope * slope;
            }
            length = Math.sqrt(length);
            double step = 1e-3;
            assertThat((loss(network, weights, gradient, step / length, batch)
                                    - loss(network, weights, gradient, -step / length, batch))
                            / (2 * step))
                    .isCloseTo(length, within(0.03 * length));
        }
    }

    private static double loss(TrainableFcos network, float[] weights, float[] direction, double step, BoxBatch batch) {
        float[] moved = weights.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (step * direction[i]);
        }
        network.weights().load(moved);
        return network.loss(batch);
    }
}
