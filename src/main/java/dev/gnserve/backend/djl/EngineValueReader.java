package dev.gnserve.backend.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.TensorShape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Reads the engine's values with their structure. DJL's {@code toNDList} flattens them, and then it is unknown to which image
 * a tensor belongs.
 */
final class EngineValueReader {

    private static final String NONE = "NoneType";

    /** Owns the tensors that are read. */
    private final PtNDManager arrays;

    EngineValueReader(PtNDManager arrays) {
        this.arrays = arrays;
    }

    /**
     * Reads a value, which stays open; its elements are closed. On a GPU this waits for the result.
     *
     * @return tensors in CPU memory, converted to a type of {@link ElementType}, readable until the manager is closed
     */
    EngineValue read(IValue value) {
        if (value.isTensor()) {
            return array(value.toTensor(arrays));
        } else if (value.isMap()) {
            return dictionary(value);
        } else if (value.isTuple()) {
            return new EngineValue.Tuple(elements(value.toIValueTuple()));
        } else if (value.isBoolean()) {
            return booleans("bool", TensorShape.of(), value.toBoolean());
        } else if (value.isLong()) {
            return longs("int", TensorShape.of(), value.toLong());
        } else if (value.isDouble()) {
            return doubles("float", TensorShape.of(), value.toDouble());
        } else if (value.isString()) {
            return new EngineValue.Foreign("str");
        } else if (value.isList()) {
            return list(value);
        }
        String code = value.getType();
        return code.equals(NONE) ? new EngineValue.Nothing() : new EngineValue.Foreign(code);
    }

    private EngineValue list(IValue value) {
        if (value.isTensorList()) {
            return new EngineValue.Listing(
                    Arrays.stream(value.toTensorArray(arrays)).map(this::array).toList());
        } else if (value.isBooleanList()) {
            boolean[] all = value.toBooleanArray();
            return booleans("List[bool]", TensorShape.of(all.length), all);
        } else if (value.isLongList()) {
            long[] all = value.toLongArray();
            return longs("List[int]", TensorShape.of(all.length), all);
        } else if (value.isDoubleList()) {
            double[] all = value.toDoubleArray();
            return doubles("List[float]", TensorShape.of(all.length), all);
        }
        return new EngineValue.Listing(elements(value.toIValueArray()));
    }

    private List<EngineValue> elements(IValue[] values) {
        try {
            List<EngineValue> elements = new ArrayList<>(values.length);
            for (IValue value : values) {
                elements.add(read(value));
            }
            return elements;
        } finally {
            close(Arrays.asList(values));
        }
    }

    private EngineValue dictionary(IValue value) {
        String code = value.getType();
        if (!code.startsWith("Dict(str")) {
            return new EngineValue.Foreign(code);
        }
        Map<String, IValue> values = value.toIValueMap();
        try {
            Map<String, EngineValue> entries = new LinkedHashMap<>();
            values.forEach((key, entry) -> entries.put(key, read(entry)));
            return new EngineValue.Dictionary(entries);
        } finally {
            close(values.values());
        }
    }

    private static void close(Collection<IValue> values) {
        values.forEach(IValue::close);
    }

    private EngineValue array(NDArray array) {
        NDArray here = array.toDevice(ai.djl.Device.cpu(), false);
        if (EngineType.of(here.getDataType()) == null) {
            here = here.toType(DataType.FLOAT32, false);
        }
        TensorShape shape = shape(here.getShape());
        ElementType type = Objects.requireNonNull(EngineType.of(here.getDataType()), "converted above");
        return new EngineValue.Array(
                shape, type, shape.elements() == 0 ? ByteBuffer.allocate(0) : here.toByteBuffer(true));
    }

    private static TensorShape shape(Shape shape) {
        long[] sizes = shape.getShape();
        int[] ints = new int[sizes.length];
        for (int i = 0; i < sizes.length; i++) {
            ints[i] = Math.toIntExact(sizes[i]);
        }
        return TensorShape.of(ints);
    }

    private static EngineValue booleans(String code, TensorShape shape, boolean... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) (values[i] ? 1 : 0);
        }
        return new EngineValue.Numbers(new RawTensor(ElementType.BOOL, shape, bytes), code);
    }

    private static EngineValue longs(String code, TensorShape shape, long... values) {
        byte[] bytes = new byte[values.length * Long.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().put(values);
        return new EngineValue.Numbers(new RawTensor(ElementType.INT64, shape, bytes), code);
    }

    private static EngineValue doubles(String code, TensorShape shape, double... values) {
        byte[] bytes = new byte[values.length * Double.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().put(values);
        return new EngineValue.Numbers(new RawTensor(ElementType.FP64, shape, bytes), code);
    }
}
