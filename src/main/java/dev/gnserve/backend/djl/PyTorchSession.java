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
import dev.gnserve.backend.BackendRun;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.Failure;
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
 * Forward passes of one model from one thread at a time.
 *
 * <p>Not thread-safe. Few, long-lived threads should call it: every thread that enters libtorch gets a team of threads of its own.
 */
public final class PyTorchSession implements BackendSession {

    /** Setting the number of threads of a thread also sets the default that other threads start with. */
    private static final Object THREAD_SETTINGS = new Object();

    /** DJL's property. */
    static final String GRAPH_OPTIMIZER = "ai.djl.pytorch.graph_optimizer";

    private static final String FORWARD = "forward";

    private final PtSymbolBlock block;
    private final NDManager manager;
    private final ForwardSignature signature;
    private final Cores cores;
    private final int fixedThreads;
    private @Nullable Thread owner; // for which the number of threads is set
    private int threads;
    private boolean oneByOne; // the model answers for one image only, as it was seen to do
    private boolean perInput; // the model gives a result for each input, as it was seen to do
    private EngineOutputs.Lists lists = EngineOutputs.Lists.UNKNOWN;
    private final BatchMemory memory;
    private @Nullable ByteBuffer batchMemory; // during a pass

    /**
     * @param memory for inputs
     * @param fixedThreads how many threads work on a forward pass; 0 for this pass's share of the cores
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
     * Stacks inputs of equal shape along a new first axis, runs {@code forward} and gives every input its own part of the
     * result, as {@link EngineOutputs} says. A model that takes a list gets the inputs as one. A detector that gives the
     * dictionary of one image, whatever it is given, gets one image at a time.
     *
     * @throws FailureException with {@code ENGINE_FAULT} when the engine fails or the result does not say what belongs to
     *     which input
     */
    @Override
    public BackendRun run(List<? extends Tensor> inputs) {
        int batch = inputs.size();
        TensorShape shape = inputs.get(0).shape();
        return inEngine(() -> "a batch of " + batch + " inputs of shape " + shape, batchManager -> {
            long started = System.nanoTime();
            NDArray input = stack(inputs, batchManager);
            long assembled = System.nanoTime();
            List<EngineValue> results = forward(input, batchManager);
            long inferred = System.nanoTime();
            List<Prediction> predictions = oneByOne
                    ? EngineOutputs.perInput(results)
                    : EngineOutputs.predictions(results.get(0), batch, lists);
            long done = System.nanoTime();
            return new BackendRun(
                    predictions,
                    Duration.ofNanos(assembled - started),
                    Duration.ofNanos(inferred - assembled),
                    Duration.ofNanos(done - inferred),
                    perInput);
        });
    }

    /**
     * Calls a method of the archive's root module with inputs as they are, without a batch axis added or taken.
     *
     * @return its outputs by name, named as in {@link Prediction}; where {@code forward} gives a dictionary for every
     *     image, those of the second as {@code boxes[1]}; empty for an empty list
     */
    public Map<String, Tensor> call(String method, List<? extends Tensor> inputs) {
        return inEngine(() -> "method " + method, callManager -> {
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

    private <V> V inEngine(Supplier<String> what, Work<V> work) {
        int share = cores.enter();
        try (NDManager batchManager = manager.newSubManager()) {
            useThreads(fixedThreads == 0 ? share : fixedThreads);
            return work.with(batchManager);
        } catch (FailureException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new FailureException(Failure.of(
                    FailureCode.ENGINE_FAULT, "the engine failed on " + what.get() + ": " + NativeMessage.of(e), e));
        } finally {
            giveBatchMemoryBack();
            cores.leave();
        }
    }

    private NDArray stack(List<? extends Tensor> inputs, NDManager batchManager) {
        TensorShape shape = inputs.get(0).shape();
        ElementType type = inputs.get(0).type();
        int bytes = Math.multiplyExact(Math.multiplyExact(shape.elements(), inputs.size()), type.bytes());
        // The array below uses this memory as it is: it is free again when the batch is done.
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
     * Calls a method. DJL's own way of doing so leaves the arguments in native memory when the model raises, and with them
     * what was computed from them: 0.7 MB for every image of 161 x 161 that the embedded U-Net refuses.
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

    /** The result of a whole batch, or those of one image after another. */
    private List<EngineValue> forward(NDArray input, NDManager batchManager) {
        int batch = Math.toIntExact(input.getShape().get(0));
        if (!oneByOne) {
            EngineValue result = run(FORWARD, new NDList(input), batchManager);
            learnLists(result, input, batchManager);
            perInput = EngineOutputs.isPerInput(result, lists);
            oneByOne = !perInput && EngineOutputs.isOfOneImage(result);
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

    /** Finds out, once, what lists stand for. A list as long as the batch needs another pass: with one image, or two. */
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
            lists = withTwo(result, input, batchManager);
        }
    }

    private EngineOutputs.Lists withTwo(EngineValue ofOne, NDArray image, NDManager batchManager) {
        try {
            EngineValue ofTwo = run(FORWARD, new NDList(image.concat(image, 0)), batchManager);
            return EngineOutputs.compare(ofOne, 1, ofTwo, 2);
        } catch (EngineException e) {
            // A model that takes one image only was traced with one, and tracing fixes the length of its lists.
            return EngineOutputs.Lists.OF_OUTPUTS;
        }
    }

    /** An argument as the method takes it: itself, or the images of a batch as a list. */
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
            // The first parallel operation of a thread takes over what any thread set last; its own number stays only
            // when it is set after that.
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
