package dev.gnserve.backend.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
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
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * Forward passes of one model from one thread.
 *
 * <p>Not thread-safe, and always to be called from the same thread: every thread that enters libtorch gets a team of
 * threads of its own, so only few, long-lived threads should.
 */
public final class PyTorchSession implements BackendSession {

    /** Setting the number of threads of a thread also sets the default that other threads start with. */
    private static final Object THREAD_SETTINGS = new Object();

    /** libtorch's own allocations are aligned so; its vector loops like it. */
    private static final int ALIGNMENT = 64;

    /** DJL's property. */
    static final String GRAPH_OPTIMIZER = "ai.djl.pytorch.graph_optimizer";

    private static final String FORWARD = "forward";

    private final PtSymbolBlock block;
    private final NDManager manager;
    private final ForwardSignature signature;
    private final Cores cores;
    private final int fixedThreads;
    private int threads;
    private boolean oneByOne; // the model answers for one image only, as it was seen to do
    private ByteBuffer batchMemory = ByteBuffer.allocateDirect(0);

    /**
     * @param fixedThreads how many threads work on a forward pass; 0 for this pass's share of the cores
     */
    PyTorchSession(PtSymbolBlock block, NDManager manager, ForwardSignature signature, Cores cores, int fixedThreads) {
        this.block = block;
        this.manager = manager;
        this.signature = signature;
        this.cores = cores;
        this.fixedThreads = fixedThreads;
    }

    /**
     * Stacks inputs of equal shape along a new first axis, runs {@code forward} and splits every output along its first
     * axis. A model that takes a list gets the inputs as one, and of a model that gives a dictionary for every image each
     * input gets its own. A detector that gives the dictionary of one image, whatever it is given, gets one image at a time.
     *
     * @throws FailureException with {@code ENGINE_FAULT} when the engine fails or an output has no such axis
     */
    @Override
    public BackendRun run(List<? extends Tensor> inputs) {
        int batch = inputs.size();
        TensorShape shape = inputs.get(0).shape();
        return inEngine(() -> "a batch of " + batch + " inputs of shape " + shape, batchManager -> {
            long started = System.nanoTime();
            NDArray input = stack(inputs, batchManager);
            long assembled = System.nanoTime();
            NDList outputs = forward(input, batchManager);
            long inferred = System.nanoTime();
            List<Prediction> predictions =
                    oneByOne || signature.givesResultPerImage() ? deal(outputs, batch) : split(outputs, batch);
            long done = System.nanoTime();
            return new BackendRun(
                    predictions,
                    Duration.ofNanos(assembled - started),
                    Duration.ofNanos(inferred - assembled),
                    Duration.ofNanos(done - inferred));
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
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            NDList results = toHost(run(method, arguments, callManager));
            for (int i = 0; i < results.size(); i++) {
                NDArray result = results.get(i);
                String name = name(results, i);
                int image = 0;
                while (outputs.containsKey(image == 0 ? name : name + "[" + image + "]")) {
                    image++;
                }
                outputs.put(image == 0 ? name : name + "[" + image + "]", whole(result));
            }
            return outputs;
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
            cores.leave();
        }
    }

    private NDArray stack(List<? extends Tensor> inputs, NDManager batchManager) {
        TensorShape shape = inputs.get(0).shape();
        ElementType type = inputs.get(0).type();
        int bytes = Math.multiplyExact(Math.multiplyExact(shape.elements(), inputs.size()), type.bytes());
        if (batchMemory.capacity() < bytes) {
            batchMemory = aligned(bytes);
        }
        // The array below uses this memory as it is: it is free again when the batch is done.
        batchMemory.limit(bytes).position(0);
        FloatBuffer floats = batchMemory.asFloatBuffer();
        for (Tensor input : inputs) {
            if (!input.shape().equals(shape) || input.type() != type) {
                throw new IllegalArgumentException(inputs.get(0) + " and " + input + " cannot share a batch");
            }
            if (input instanceof FloatTensor values) {
                floats.put(values.values());
            } else if (input instanceof RawTensor values) {
                batchMemory.put(values.values());
            }
        }
        return batchManager.create(
                batchMemory.position(0), djlShape(shape.prepend(inputs.size())), EngineType.of(type));
    }

    private static ByteBuffer aligned(int bytes) {
        int whole = Math.multiplyExact((bytes + ALIGNMENT - 1) / ALIGNMENT, ALIGNMENT);
        return ByteBuffer.allocateDirect(Math.addExact(whole, ALIGNMENT))
                .alignedSlice(ALIGNMENT)
                .order(ByteOrder.nativeOrder());
    }

    /**
     * Calls a method. DJL's own way of doing so leaves the arguments in native memory when the model raises, and with them
     * what was computed from them: 0.7 MB for every image of 161 x 161 that the embedded U-Net refuses.
     */
    private NDList run(String method, NDList arguments, NDManager results) {
        JniUtils.setGraphExecutorOptimize(Boolean.getBoolean(GRAPH_OPTIMIZER));
        IValue[] values = new IValue[arguments.size()];
        try {
            for (int i = 0; i < values.length; i++) {
                values[i] = value(method, arguments.get(i));
            }
            try (IValue result = IValueUtils.runMethod(block, method, values)) {
                return result.toNDList((PtNDManager) results);
            }
        } finally {
            for (IValue value : values) {
                if (value != null) {
                    value.close();
                }
            }
        }
    }

    /** Outputs of a whole batch, or those of one image after another. */
    private NDList forward(NDArray input, NDManager batchManager) {
        int batch = Math.toIntExact(input.getShape().get(0));
        if (!oneByOne) {
            NDList outputs = toHost(run(FORWARD, new NDList(input), batchManager));
            oneByOne = !signature.givesResultPerImage() && isOfOneImage(outputs);
            if (!oneByOne || batch == 1) {
                return outputs;
            }
        }
        NDList outputs = new NDList();
        for (int i = 0; i < batch; i++) {
            NDArray image = input.get(i).expandDims(0);
            outputs.addAll(toHost(run(FORWARD, new NDList(image), batchManager)));
        }
        return outputs;
    }

    /** Whether boxes [D, 4], labels [D] and scores [D] are there: for a batch each would have an axis more. */
    private static boolean isOfOneImage(NDList outputs) {
        return hasRank(outputs, "boxes", 2) && hasRank(outputs, "labels", 1) && hasRank(outputs, "scores", 1);
    }

    private static boolean hasRank(NDList outputs, String name, int rank) {
        NDArray output = outputs.get(name);
        return output != null && output.getShape().dimension() == rank;
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

    /** Outputs in the memory of the CPU and in a type of {@link ElementType}; on a GPU this also waits for the result. */
    private static NDList toHost(NDList outputs) {
        NDList host = new NDList(outputs.size());
        for (NDArray output : outputs) {
            NDArray here = output.toDevice(ai.djl.Device.cpu(), false);
            if (EngineType.of(here.getDataType()) == null) {
                here = here.toType(DataType.FLOAT32, false);
            }
            here.setName(output.getName());
            host.add(here);
        }
        return host;
    }

    /** The outputs of a model that gives a dictionary for every image come one image after another. */
    private static List<Prediction> deal(NDList outputs, int batch) {
        int each = outputs.size() / batch;
        if (each == 0 || outputs.size() != batch * each) {
            throw new FailureException(Failure.of(
                    FailureCode.ENGINE_FAULT,
                    "the model gave " + outputs.size() + " outputs for a batch of " + batch
                            + ": its dictionaries are not equal, so results cannot be told apart"));
        }
        List<Prediction> predictions = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            Map<String, Tensor> own = new LinkedHashMap<>();
            for (NDArray output : outputs.subList(i * each, (i + 1) * each)) {
                own.put(output.getName(), whole(output));
            }
            predictions.add(new Prediction(own));
        }
        return predictions;
    }

    private static Tensor whole(NDArray output) {
        TensorShape shape = shape(output.getShape());
        ByteBuffer values = shape.elements() == 0 ? ByteBuffer.allocate(0) : output.toByteBuffer(true);
        return next(values, type(output), shape);
    }

    private static List<Prediction> split(NDList outputs, int batch) {
        List<Map<String, Tensor>> parts = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            parts.add(new LinkedHashMap<>());
        }
        for (int o = 0; o < outputs.size(); o++) {
            NDArray output = outputs.get(o);
            String name = name(outputs, o);
            TensorShape shape = shape(output.getShape());
            if (shape.rank() == 0 || shape.size(0) != batch) {
                throw new FailureException(Failure.of(
                        FailureCode.ENGINE_FAULT,
                        "the model's output \"" + name + "\" has shape " + shape + " for a batch of " + batch
                                + ": its first axis is not the batch, so results cannot be told apart"));
            }
            TensorShape part = shape.withoutFirst();
            ElementType type = type(output);
            ByteBuffer values = output.toByteBuffer(true);
            for (Map<String, Tensor> one : parts) {
                one.put(name, next(values, type, part));
            }
        }
        return parts.stream().map(Prediction::new).toList();
    }

    private static ElementType type(NDArray output) {
        return Objects.requireNonNull(EngineType.of(output.getDataType()), "made one of ours by toHost");
    }

    /** Copies the next values out of the engine's memory. */
    private static Tensor next(ByteBuffer values, ElementType type, TensorShape shape) {
        int bytes = Math.multiplyExact(shape.elements(), type.bytes());
        if (type == ElementType.FP32) {
            float[] floats = new float[shape.elements()];
            values.asFloatBuffer().get(floats);
            values.position(values.position() + bytes);
            return new FloatTensor(shape, floats);
        }
        byte[] raw = new byte[bytes];
        values.get(raw);
        return new RawTensor(type, shape, raw);
    }

    private static String name(NDList outputs, int index) {
        String own = outputs.get(index).getName();
        if (own != null) {
            return own;
        }
        return outputs.size() == 1 ? "output" : "output" + index;
    }

    private static TensorShape shape(Shape shape) {
        long[] sizes = shape.getShape();
        int[] ints = new int[sizes.length];
        for (int i = 0; i < sizes.length; i++) {
            ints[i] = Math.toIntExact(sizes[i]);
        }
        return TensorShape.of(ints);
    }

    private static Shape djlShape(TensorShape shape) {
        long[] sizes = new long[shape.rank()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = shape.size(i);
        }
        return new Shape(sizes);
    }

    private void useThreads(int wanted) {
        if (threads == wanted) {
            return;
        }
        if (threads == 0) {
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
        threads = wanted;
    }
}
