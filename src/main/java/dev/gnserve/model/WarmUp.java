package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The inputs that the first worker runs before the model is ready: every shape with every batch size and type. Immutable.
 *
 * @param shapes shapes of one input, [channels, height, width]
 * @param batchSizes numbers of inputs in a batch
 * @param dataTypes all types that the model takes; images are FP32
 * @param named the inputs of a model that takes them by name, with their own shapes and types; null for one tensor of a batch
 */
public record WarmUp(
        List<TensorShape> shapes,
        List<Integer> batchSizes,
        List<ElementType> dataTypes,
        @Nullable NamedInputs named) {

    public WarmUp {
        shapes = List.copyOf(shapes);
        batchSizes = List.copyOf(batchSizes);
        dataTypes = List.copyOf(dataTypes);
        if (shapes.isEmpty() || batchSizes.isEmpty()) {
            throw new IllegalArgumentException(
                    "shapes and batchSizes are " + shapes + " and " + batchSizes + ", allowed is one of each or more");
        }
        if (dataTypes.isEmpty()) {
            throw new IllegalArgumentException("dataTypes is empty, allowed is one or more");
        }
    }

    /** For a model that takes one tensor of a batch. */
    public WarmUp(List<TensorShape> shapes, List<Integer> batchSizes, List<ElementType> dataTypes) {
        this(shapes, batchSizes, dataTypes, null);
    }

    /** The smallest part, for a further worker of a model that is warm. */
    WarmUp brief() {
        return new WarmUp(
                shapes.subList(0, 1),
                List.of(Collections.min(batchSizes)),
                dataTypes.subList(0, 1),
                named == null ? null : named.first());
    }

    /** Noise of every shape and type, each for a batch of one. */
    public List<ModelInput> noise() {
        if (named != null) {
            return named.noise();
        }
        return dataTypes.stream()
                .flatMap(type -> shapes.stream().<ModelInput>map(shape -> input(type, shape)))
                .toList();
    }

    /** A pseudo-random input, always the same: FP32 between 0 and 1, other types of zeros and ones. */
    static Tensor input(ElementType type, TensorShape shape) {
        if (type == ElementType.FP32) {
            return input(shape);
        }
        SplittableRandom random = new SplittableRandom(1);
        ByteBuffer values = ByteBuffer.allocate(Math.multiplyExact(shape.elements(), type.bytes()))
                .order(ByteOrder.LITTLE_ENDIAN);
        while (values.hasRemaining()) {
            int value = random.nextInt(2);
            switch (type) {
                case BOOL, UINT8, INT8 -> values.put((byte) value);
                case INT32 -> values.putInt(value);
                case INT64 -> values.putLong(value);
                case FP16 -> values.putShort((short) (value * 0x3C00)); // 1.0
                case FP32 -> values.putFloat(value);
                case FP64 -> values.putDouble(value);
            }
        }
        return new RawTensor(type, shape, values.array());
    }

    /**
     * A pseudo-random input between 0 and 1, always the same. A constant input would have no deviation to normalize, and zeros could
     * be faster than real images.
     */
    public static FloatTensor input(TensorShape shape) {
        SplittableRandom random = new SplittableRandom(1);
        float[] values = new float[shape.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return new FloatTensor(shape, values);
    }
}
