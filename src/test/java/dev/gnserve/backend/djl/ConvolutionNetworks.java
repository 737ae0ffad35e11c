package dev.gnserve.backend.djl;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.TensorShape;
import java.io.IOException;
import java.util.List;
import java.util.Random;

/** Networks of 3 x 3 convolutions with as many outputs as channels, in an engine of their own with one thread. */
final class ConvolutionNetworks implements AutoCloseable {

    final float[] weight;
    final float[] bias;

    private final float[] other;
    private final int channels;
    private final int side;
    private final PyTorchBackend engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));

    /** @param side of the images */
    ConvolutionNetworks(int channels, int side) {
        this.channels = channels;
        this.side = side;
        weight = gaussian(1, channels * channels * 9);
        other = gaussian(7, channels * channels * 9);
        bias = gaussian(2, channels);
    }

    static float[] gaussian(int seed, int count) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    FloatTensor image(int seed) {
        return image(seed, side, side);
    }

    FloatTensor image(int seed, int height, int width) {
        return new FloatTensor(TensorShape.of(channels, height, width), gaussian(seed, channels * height * width));
    }

    /** A module with the parameters weight and other, [channels, channels, 3, 3], and bias, [channels]. */
    ScriptModule module(List<ScriptMethod> methods) {
        ScriptModule.Builder model = ScriptModule.ofClass("Model")
                .parameter("weight", weight, channels, channels, 3, 3)
                .parameter("other", other, channels, channels, 3, 3)
                .parameter("bias", bias, channels);
        methods.forEach(model::method);
        return model.build();
    }

    PyTorchModel load(String line, ExecutionPlan plan) throws IOException {
        return load(module(List.of(ScriptMethod.forward("return " + line))), plan);
    }

    PyTorchModel load(ScriptModule module, ExecutionPlan plan) throws IOException {
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.of(Rewrites.written(module), "network")) {
            return load(snapshot, plan);
        }
    }

    PyTorchModel load(ArchiveSnapshot snapshot, ExecutionPlan plan) {
        return engine.load(snapshot, new BackendPlan(Device.CPU, 1, plan));
    }

    static List<Prediction> predictions(PyTorchModel model, FloatTensor... images) {
        return model.newSession().run(List.<ModelInput>of(images)).predictions();
    }

    static float[] floats(Prediction prediction) {
        return prediction.outputs().values().iterator().next().floats();
    }

    /** The first output for the first image. */
    static float[] run(PyTorchModel model, FloatTensor... images) {
        return floats(predictions(model, images).get(0));
    }

    @Override
    public void close() {
        engine.close();
    }
}
