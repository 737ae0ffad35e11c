package dev.gnserve.workshop.benchmark;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/**
 * The engine's group_norm on one thread, called as directly as DJL allows: no predictor, inputs already in native memory,
 * the output's memory given back at once, so that the allocator hands it out again.
 */
final class EngineGroupNorm implements AutoCloseable {

    private final NDManager arrays;
    private final PtSymbolBlock block;
    private final ParameterStore noParameters;
    private final NDList inputs;

    EngineGroupNorm(long[] shape, int groups, float[] input, float[] weight, float[] bias) throws IOException {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.pytorch.num_threads", "1");
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        arrays = Engine.getEngine("PyTorch").newBaseManager(ai.djl.Device.cpu());
        block = JniUtils.loadModule(
                (PtNDManager) arrays, new ByteArrayInputStream(GroupNormModule.archive(groups)), false, false);
        noParameters = new ParameterStore(arrays, false);
        inputs = new NDList(arrays.create(input, new Shape(shape)), arrays.create(weight), arrays.create(bias));
    }

    /** Runs once. */
    void run() {
        block.forward(noParameters, inputs, false).close();
    }

    /** The result, to compare. */
    float[] result() {
        try (NDList outputs = block.forward(noParameters, inputs, false)) {
            NDArray output = outputs.singletonOrThrow();
            return output.toFloatArray();
        }
    }

    @Override
    public void close() {
        arrays.close();
    }
}
