package dev.gnserve.backend.djl;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.gnserve.archive.ForwardSignature;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.PassResult;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs forward passes of one model.
 *
 * <p>Not thread-safe: one thread at a time may call it. libtorch starts a team of OpenMP threads for every thread that calls it, so only
 * few, long-lived threads should.
 */
public final class PyTorchSession implements BackendSession {

    /** A lock, because setting the number of threads for one thread also sets the default for new threads. */
    private static final Object THREAD_SETTINGS = new Object();

    /** A system property of DJL. */
    static final String GRAPH_OPTIMIZER = "ai.djl.pytorch.graph_optimizer";

    private static final String FORWARD = "forward";

    private final PtSymbolBlock block;
    private final NDManager manager;
    private final ForwardSignature signature;
    private final Cores cores;
    private final int fixedThreads;
    private @Nullable Thread owner; // for which the number of threads is set
    private int threads;

    // Learned from earlier passes:
    private boolean oneByOne; // whether the model returns a result for one image only, for every batch size
    private boolean perInput; // whether the model returns a separate result per input
    private EngineOutputs.Lists lists = EngineOutputs.Lists.UNKNOWN;
    private final BatchMemory memory;
    private @Nullable ByteBuffer batchMemory; // during a pass

    /**
     * @param memory for the inputs
     * @param fixedThreads number of threads of a forward pass; 0 for its share of the cores
     */
    PyTorchSession(
            PtSymbolBlock block,
            NDManager manager,
            ForwardSignature signature,
            BatchMemory memory,
            Cores cores,
            int fixedThreads) {
        this.block = block;
        this.manager = manager;
        this.signature = signature;
        this.memory = memory;
        this.cores = cores;
        this.fixedThreads = fixedThreads;
    }

    /**
     * Joins the inputs along a new first axis, runs {@code forward}, and assigns the outputs to the inputs by
     * {@link EngineOutputs}. A model that takes a list gets the inputs as a list. A detector that returns the dictionary of
     * one image for every batch gets one image at a time.
     */
    @Override
    public PassResult run(List<? extends Tensor> inputs) {
        int batch = inputs.size();
        TensorShape shape = inputs.get(0).shape();
        return withThreads(() -> "a batch of " + batch + " inputs of shape " + shape, batchManager -> {
            long started = System.nanoTime();
            NDArray input = stack(inputs, batchManager);
            long assembled = System.nanoTime();
            List<EngineValue> results = forward(input, batchManager);
            long inferred = System.nanoTime();
            List<Prediction> predictions = oneByOne
                    ? EngineOutputs.perInput(results)
                    : EngineOutputs.predictions(results.get(0), batch, lists);
            long done = System.nanoTime();
            return new PassResult(
                    predictions,
                    Duration.ofNanos(assembled - started),
                    Duration.ofNanos(inferred - assembled),
                    Duration.ofNanos(done - inferred),
                    perInput);
        });
    }

    /**
     * Calls a method of the archive's root module. Adds no batch axis to the inputs and splits no output.
     *
     * @return the outputs, named as in {@link Prediction}. If the method returns one dictionary per image, the names of the
     *     second are like {@code boxes[1]}. Empty if it returns an empty list
     * @throws FailureException with {@code ENGINE_FAULT} if the engine fails or no tensor can hold an output
     */
    public Map<String, Tensor> call(String method, List<? extends Tensor> inputs) {
        return withThreads(() -> "method " + method, callManager -> {
            NDList arguments = new NDList();
            for (Tensor input : inputs) {
                arguments.add(stack(List.of(input), callManager)
                        .reshape(djlShape(input.shape()))
                        .duplicate());
            }
            return EngineOutputs.named(run(method, arguments, callManager));
        });
    }

    @FunctionalInterface
    private interface Work<V> {
        V with(NDManager batchManager);
    }

    private <V> V withThreads(Supplier<String> what, Work<V> work) {
        int share = cores.enter();
        try (NDManager batchManager = manager.newSubManager()) {
            useThreads(fixedThreads == 0 ? share : fixedThreads);
            return work.with(batchManager);
        } catch (FailureException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT, "the engine failed on " + what.get() + ": " + NativeMessage.of(e), e);
        } finally {
            giveBatchMemoryBack();
            cores.leave();
        }
    }

    private NDArray stack(List<? extends Tensor> inputs, NDManager batchManager) {
        TensorShape shape = inputs.get(0).shape();
        ElementType type = inputs.get(0).type();
        int bytes = Math.multiplyExact(Math.multiplyExact(shape.elements(), inputs.size()), type.bytes());
        // The array below uses this memory without a copy, until the batch is done.
        ByteBuffer batch = batchMemory(bytes);
        FloatBuffer floats = batch.asFloatBuffer();
        for (Tensor input : inputs) {
            if (!input.shape().equals(shape) || input.type() != type) {
                throw new IllegalArgumentException(inputs.get(0) + " and " + input + " cannot share a batch");
            }
            if (input instanceof FloatTensor values) {
                floats.put(values.values());
            } else if (input instanceof RawTensor values) {
                batch.put(values.values());
            }
        }
        return batchManager.create(batch.position(0), djlShape(shape.prepend(inputs.size())), EngineType.of(type));
    }

    /** Memory of so many bytes, until the pass ends or needs more. */
    private ByteBuffer batchMemory(int bytes) {
        ByteBuffer batch = batchMemory;
        if (batch == null || batch.capacity() < bytes) {
            giveBatchMemoryBack();
            batch = memory.take(bytes);
            batchMemory = batch;
        }
        return batch.limit(bytes).position(0);
    }

    private void giveBatchMemoryBack() {
        ByteBuffer batch = batchMemory;
        if (batch != null) {
            batchMemory = null;
            memory.giveBack(batch);
        }
    }

    /**
     * Calls a method. DJL's own call leaks the arguments and the tensors computed from them when the model raises an error:
     * 0.7 MB for each image of 161 x 161 that the embedded U-Net refuses.
     */
    private EngineValue run(String method, NDList arguments, NDManager results) {
        JniUtils.setGraphExecutorOptimize(Boolean.getBoolean(GRAPH_OPTIMIZER));
        IValue[] values = new IValue[arguments.size()];
        try {
            for (int i = 0; i < values.length; i++) {
                values[i] = value(method, arguments.get(i));
            }
            try (IValue result = IValueUtils.runMethod(block, method, values)) {
                return new EngineValueReader((PtNDManager) results).read(result);
            }
        } finally {
            for (IValue value : values) {
                if (value != null) {
                    value.close();
                }
            }
        }
    }

    /** Runs {@code forward}: the result of the whole batch, or one result per image. */
    private List<EngineValue> forward(NDArray input, NDManager batchManager) {
        int batch = Math.toIntExact(input.getShape().get(0));
        if (!oneByOne) {
            EngineValue result = run(FORWARD, new NDList(input), batchManager);
            learnLists(result, input, batchManager);
            perInput = EngineOutputs.isPerInput(result, lists);
            oneByOne =
                    !perInput && (EngineOutputs.isOfOneImage(result) || isSizedDetection(result, input, batchManager));
            perInput |= oneByOne;
            if (!oneByOne || batch == 1) {
                return List.of(result);
            }
        }
        List<EngineValue> results = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            NDArray image = input.get(i).expandDims(0);
            results.add(run(FORWARD, new NDList(image), batchManager));
        }
        return results;
    }

    /** For two images, a tensor [2] can be batched as well; a pass with one image shows it. */
    private boolean isSizedDetection(EngineValue result, NDArray input, NDManager batchManager) {
        if (!EngineOutputs.isSizedDetection(result) || input.getShape().get(0) != 2) {
            return EngineOutputs.isSizedDetection(result);
        }
        return EngineOutputs.isSizedDetection(
                run(FORWARD, new NDList(input.get(0).expandDims(0)), batchManager));
    }

    /** Finds out once what lists mean. For a list as long as the batch, this takes a second pass, with another batch size. */
    private void learnLists(EngineValue result, NDArray input, NDManager batchManager) {
        if (lists != EngineOutputs.Lists.UNKNOWN || !EngineOutputs.hasList(result)) {
            return;
        }
        int batch = Math.toIntExact(input.getShape().get(0));
        if (!EngineOutputs.isAmbiguous(result, batch)) {
            lists = EngineOutputs.Lists.OF_OUTPUTS;
        } else if (batch > 1) {
            EngineValue ofFirst = run(FORWARD, new NDList(input.get(0).expandDims(0)), batchManager);
            lists = EngineOutputs.compare(result, batch, ofFirst, 1);
        } else {
            lists = compareWithTwo(result, input, batchManager);
        }
    }

    private EngineOutputs.Lists compareWithTwo(EngineValue ofOne, NDArray image, NDManager batchManager) {
        try {
            EngineValue ofTwo = run(FORWARD, new NDList(image.concat(image, 0)), batchManager);
            return EngineOutputs.compare(ofOne, 1, ofTwo, 2);
        } catch (EngineException e) {
            // A model that runs only one image was traced with one image, and tracing fixes the length of lists.
            return EngineOutputs.Lists.OF_OUTPUTS;
        }
    }

    /** The argument as the method takes it: a tensor, or a list of the batch's images. */
    private IValue value(String method, NDArray argument) {
        if (!signature.takesList() || !method.equals(FORWARD)) {
            return IValue.from((PtNDArray) argument);
        }
        PtNDArray[] images = new PtNDArray[Math.toIntExact(argument.getShape().get(0))];
        for (int i = 0; i < images.length; i++) {
            images[i] = (PtNDArray) argument.get(i);
        }
        return IValue.listFrom(images);
    }

    private static Shape djlShape(TensorShape shape) {
        long[] sizes = new long[shape.rank()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = shape.size(i);
        }
        return new Shape(sizes);
    }

    private void useThreads(int wanted) {
        boolean isNew = owner != Thread.currentThread();
        if (threads == wanted && !isNew) {
            return;
        }
        if (isNew) {
            // The first parallel operation of a thread overwrites its number of threads with the one set last by any
            // thread.
            // So run one first, then set the number.
            synchronized (THREAD_SETTINGS) {
                JniUtils.setNumThreads(wanted);
                try (NDManager scratch = manager.newSubManager()) {
                    float one = scratch.ones(new Shape(1 << 16)).exp().getFloat(0);
                    assert one > 2;
                }
            }
        }
        JniUtils.setNumThreads(wanted);
        owner = Thread.currentThread();
        threads = wanted;
    }
}
