package dev.gnserve.backend.djl;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import dev.gnserve.archive.TapHeader;
import dev.gnserve.archive.TappedArchive;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.TappedCall;
import dev.gnserve.backend.TappedSession;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Runs forward passes of an instrumented copy ({@link TappedArchive}) in PyTorch. */
public final class PyTorchTappedSession implements TappedSession {

    private final PtSymbolBlock block;
    private final NDManager manager;
    private final PyTorchSession session;

    PyTorchTappedSession(PtSymbolBlock block, NDManager manager, PyTorchSession session) {
        this.block = block;
        this.manager = manager;
        this.session = session;
    }

    @Override
    public Map<String, Tensor> run(ModelInput input, long bytes, Consumer<TappedCall> calls) {
        Map<String, Tensor> outputs = null;
        long next = 0;
        long made;
        do {
            arm(next, bytes);
            Map<String, Tensor> pass = session.forwardWhole(input);
            outputs = outputs == null ? pass : outputs;
            made = callsMade();
            long taken = take(calls);
            if (taken == 0) {
                break;
            }
            next += taken;
        } while (next < made);
        return outputs;
    }

    @Override
    public List<Prediction> predict(List<? extends ModelInput> images) {
        arm(0, 0);
        return session.run(images).predictions();
    }

    private void arm(long first, long bytes) {
        try (IValue firstCall = IValue.from(first);
                IValue limit = IValue.from(bytes)) {
            IValueUtils.runMethod(block, TappedArchive.ARM, firstCall, limit).close();
        }
    }

    private long callsMade() {
        try (IValue calls = IValueUtils.runMethod(block, TappedArchive.CALLS)) {
            return calls.toLong();
        }
    }

    /** Hands the kept calls over; returns their number. */
    private long take(Consumer<TappedCall> calls) {
        try (NDManager arrays = manager.newSubManager()) {
            PtNDArray[] kept;
            try (IValue taken = IValueUtils.runMethod(block, TappedArchive.TAKE)) {
                kept = taken.toTensorArray((PtNDManager) arrays);
            } catch (EngineException e) {
                throw new FailureException(
                        Failure.of(FailureCode.ENGINE_FAULT, "the taps cannot be read: " + NativeMessage.of(e), e));
            }
            long count = 0;
            int at = 0;
            while (at < kept.length) {
                TapHeader header = TapHeader.of(kept[at].toLongArray(), kept[at + 1].getDouble(0));
                kept[at].close();
                kept[at + 1].close();
                at += 2;
                FloatTensor input = read(kept, at++);
                FloatTensor output = read(kept, at++);
                FloatTensor weight = header.hasWeight() ? read(kept, at++) : null;
                FloatTensor bias = header.hasBias() ? read(kept, at++) : null;
                calls.accept(new TappedCall(header, input, output, weight, bias));
                count++;
            }
            return count;
        }
    }

    private static FloatTensor read(PtNDArray[] kept, int at) {
        try (PtNDArray array = kept[at];
                PtNDArray here = array.toDevice(ai.djl.Device.cpu(), false);
                PtNDArray values = here.toType(DataType.FLOAT32, false)) {
            long[] sizes = values.getShape().getShape();
            int[] shape = new int[sizes.length];
            for (int axis = 0; axis < shape.length; axis++) {
                shape[axis] = Math.toIntExact(sizes[axis]);
            }
            // Avoids DJL's extra copy: the tensors of a large image are hundreds of megabytes.
            float[] floats = new float[Math.toIntExact(values.size())];
            values.toByteBuffer(true).asFloatBuffer().get(floats);
            return new FloatTensor(TensorShape.of(shape), floats);
        }
    }
}
