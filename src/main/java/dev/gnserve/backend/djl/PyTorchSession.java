package dev.gnserve.backend.djl;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
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
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.PassResult;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorGroup;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
     * one image for every batch gets one image at a time. A whole group is the arguments, and its outputs are the results.
     */
    @Override
    public PassResult run(List<? extends ModelInput> inputs) {
        int batch = inputs.size();
        ModelInput first = inputs.get(0);
        boolean whole = first instanceof TensorGroup group && group.whole();
        if (whole && batch > 1) {
            throw new IllegalArgumentException("a whole group runs alone, not with " + (batch - 1) + " others");
        }
        Supplier<String> what = () -> whole
                ? first.toString()
                : "a batch of " + batch + " inputs "
                        + (first instanceof Tensor one ? "of shape " + one.shape() : first);
        return withThreads(what, batchManager -> {
            long started = System.nanoTime();
            List<NDArray> arrays = arrays(inputs, batchManager);
            Arguments arguments = first instanceof TensorGroup group
                    ? of -> ArgumentTree.values(
                            signature, List.copyOf(group.tensors().keySet()), of)
                    : of -> new ArgumentTree.Values(value(of.get(0)));
            long assembled = System.nanoTime();
            List<EngineValue> results = whole
                    ? List.of(run(FORWARD, arguments.of(arrays), batchManager))
                    : forward(arrays, arguments, batchManager);
            long inferred = System.nanoTime();
            List<Prediction> predictions = oneByOne || whole
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

    /** As {@link #call} of {@code forward}, with a tensor that has a batch axis, or with a whole group. */
    Map<String, Tensor> forwardWhole(ModelInput input) {
        return input instanceof Tensor tensor
                ? call(FORWARD, List.of(tensor))
                : run(List.of(input)).predictions().get(0).outputs();
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
            IValue[] arguments = inputs.stream()
                    .map(input -> whole(input, callManager))
                    .map(array -> method.equals(FORWARD) ? value(array) : IValue.from((PtNDArray) array))
                    .toArray(IValue[]::new);
            return EngineOutputs.named(run(method, new ArgumentTree.Values(arguments), callManager));
        });
    }

    /** Makes the arguments of {@code forward} of the tensors of a pass. */
    @FunctionalInterface
    private interface Arguments {
        ArgumentTree.Values of(List<NDArray> arrays);
    }

    /** A batch, or for groups a batch of each of their tensors. A whole group gets no batch axis. */
    private List<NDArray> arrays(List<? extends ModelInput> inputs, NDManager batchManager) {
        if (!(inputs.get(0) instanceof TensorGroup first)) {
            return List.of(stack(inputs.stream().map(Tensor.class::cast).toList(), batchManager));
        }
        List<NDArray> arrays = new ArrayList<>();
        for (String name : first.tensors().keySet()) {
            List<Tensor> items = inputs.stream()
                    .map(input -> Objects.requireNonNull(
                            ((TensorGroup) input).tensors().get(name)))
                    .toList();
            arrays.add(
                    first.whole()
                            ? whole(items.get(0), batchManager)
                            : stack(items, batchManager).duplicate()); // The next one uses the memory again.
        }
        return arrays;
    }

    private NDArray whole(Tensor input, NDManager batchManager) {
        return stack(List.of(input), batchManager)
                .reshape(djlShape(input.shape()))
                .duplicate();
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
    private EngineValue run(String method, ArgumentTree.Values arguments, NDManager results) {
        JniUtils.setGraphExecutorOptimize(Boolean.getBoolean(GRAPH_OPTIMIZER));
        try (arguments;
                IValue result = IValueUtils.runMethod(block, method, arguments.arguments())) {
            return new EngineValueReader((PtNDManager) results).read(result);
        }
    }

    /** Runs {@code forward}: the result of the whole batch, or one result per image. */
    private List<EngineValue> forward(List<NDArray> inputs, Arguments arguments, NDManager batchManager) {
        int batch = Math.toIntExact(inputs.get(0).getShape().get(0));
        if (!oneByOne) {
            EngineValue result = run(FORWARD, arguments.of(inputs), batchManager);
            learnLists(result, inputs, arguments, batchManager);
            perInput = EngineOutputs.isPerInput(result, lists);
            oneByOne = !perInput
                    && (EngineOutputs.isOfOneImage(result)
                            || isSizedDetection(result, inputs, arguments, batchManager));
            perInput |= oneByOne;
            if (!oneByOne || batch == 1) {
                return List.of(result);
            }
        }
        List<EngineValue> results = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            results.add(run(FORWARD, arguments.of(item(inputs, i)), batchManager));
        }
        return results;
    }

    private static List<NDArray> item(List<NDArray> inputs, int index) {
        return inputs.stream().map(input -> input.get(index).expandDims(0)).toList();
    }

    /** For two images, a tensor [2] can be batched as well; a pass with one image shows it. */
    private boolean isSizedDetection(
            EngineValue result, List<NDArray> inputs, Arguments arguments, NDManager batchManager) {
        if (!EngineOutputs.isSizedDetection(result) || inputs.get(0).getShape().get(0) != 2) {
            return EngineOutputs.isSizedDetection(result);
        }
        return EngineOutputs.isSizedDetection(run(FORWARD, arguments.of(item(inputs, 0)), batchManager));
    }

    /** Finds out once what lists mean. For a list as long as the batch, this takes a second pass, with another batch size. */
    private void learnLists(EngineValue result, List<NDArray> inputs, Arguments arguments, NDManager batchManager) {
        if (lists != EngineOutputs.Lists.UNKNOWN || !EngineOutputs.hasList(result)) {
            return;
        }
        int batch = Math.toIntExact(inputs.get(0).getShape().get(0));
        if (!EngineOutputs.isAmbiguous(result, batch)) {
            lists = EngineOutputs.Lists.OF_OUTPUTS;
        } else if (batch > 1) {
            EngineValue ofFirst = run(FORWARD, arguments.of(item(inputs, 0)), batchManager);
            lists = EngineOutputs.compare(result, batch, ofFirst, 1);
        } else {
            lists = compareWithTwo(result, inputs, arguments, batchManager);
        }
    }

    private EngineOutputs.Lists compareWithTwo(
            EngineValue ofOne, List<NDArray> item, Arguments arguments, NDManager batchManager) {
        try {
            List<NDArray> twice =
                    item.stream().map(input -> input.concat(input, 0)).toList();
            EngineValue ofTwo = run(FORWARD, arguments.of(twice), batchManager);
            return EngineOutputs.compare(ofOne, 1, ofTwo, 2);
        } catch (EngineException e) {
            // A model that runs only one image was traced with one image, and tracing fixes the length of lists.
            return EngineOutputs.Lists.OF_OUTPUTS;
        }
    }

    /** The argument as the method takes it: a tensor, or a list of the batch's images. */
    private IValue value(NDArray argument) {
        if (!signature.takesList()) {
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
