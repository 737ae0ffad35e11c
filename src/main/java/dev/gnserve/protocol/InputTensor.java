package dev.gnserve.protocol;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ModelSignature;
import dev.gnserve.model.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** An input tensor of a request, [batch, ...], row-major, little-endian. For one thread. */
final class InputTensor {

    private final ElementType type;
    private final TensorShape shape;
    private final ByteBuffer values;

    private InputTensor(ElementType type, TensorShape shape, ByteBuffer values) {
        this.type = type;
        this.shape = shape;
        this.values = values.order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads the only tensor of a request. Checks what is cheap to check before it reads values.
     *
     * @throws FailureException INVALID_REQUEST if the model does not take such a tensor
     */
    static InputTensor of(RequestBody body, ModelSignature model) {
        List<InferRequest.Input> inputs = body.request().inputs();
        TensorSpec only = model.inputs().get(0);
        String wanted = only.name();
        if (inputs.size() != 1) {
            throw RequestBody.invalid(
                    "The request has %,d inputs. The model takes one, \"%s\".".formatted(inputs.size(), wanted));
        }
        InferRequest.Input input = inputs.get(0);
        if (!input.name().equals(wanted) && !input.name().equals(ModelSignature.INPUT)) {
            throw RequestBody.invalid(
                    "The model has no input \"%s\". Its input is \"%s\".".formatted(input.name(), wanted));
        }
        return read(body, 0, only, model.inputTypes(), model.sideMultiple());
    }

    /**
     * Reads a tensor of a request.
     *
     * @param place of the input in the request
     * @param spec what the model takes
     * @param types that it takes
     * @throws FailureException INVALID_REQUEST if the model does not take such a tensor
     */
    static InputTensor read(RequestBody body, int place, TensorSpec spec, List<ElementType> types, int sideMultiple) {
        InferRequest.Input input = body.request().inputs().get(place);
        ElementType type = type(input, types);
        TensorShape shape = shape(input, spec.shape(), sideMultiple);
        return new InputTensor(type, shape, values(body, place, input, type, shape));
    }

    /** How many items the batch has. */
    int size() {
        return shape.size(0);
    }

    /** A copy of all items. */
    Tensor whole() {
        return copy(0, shape);
    }

    /** A copy of one item, without the batch axis. */
    Tensor item(int index) {
        return copy(index, shape.withoutFirst());
    }

    private Tensor copy(int index, TensorShape one) {
        int bytes = one.elements() * type.bytes();
        ByteBuffer own = values.slice(values.position() + index * bytes, bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (type == ElementType.FP32) {
            float[] floats = new float[one.elements()];
            own.asFloatBuffer().get(floats);
            return new FloatTensor(one, floats);
        }
        byte[] raw = new byte[bytes];
        own.get(raw);
        return new RawTensor(type, one, raw);
    }

    private static ElementType type(InferRequest.Input input, List<ElementType> taken) {
        return taken.stream()
                .filter(type -> type.name().equals(input.datatype()))
                .findFirst()
                .orElseThrow(() -> RequestBody.invalid("Input \"%s\" has the datatype \"%s\". The model takes %s."
                        .formatted(input.name(), input.datatype(), taken)));
    }

    private static TensorShape shape(InferRequest.Input input, List<Integer> taken, int sideMultiple) {
        List<Long> given = input.shape();
        boolean fits = given.size() == taken.size();
        for (int axis = 0; fits && axis < given.size(); axis++) {
            long size = given.get(axis) == null ? 0 : given.get(axis);
            int allowed = taken.get(axis);
            fits = size >= 1
                    && size <= Integer.MAX_VALUE
                    && (allowed == TensorSpec.FREE || allowed == size)
                    && (axis < 2 || allowed != TensorSpec.FREE || size % sideMultiple == 0);
        }
        if (!fits) {
            String multiple = sideMultiple == 1 ? "" : " with sides that are multiples of " + sideMultiple;
            throw RequestBody.invalid("Input \"%s\" has the shape %s. The model takes %s%s, without empty axes."
                    .formatted(input.name(), given, taken, multiple));
        }
        try {
            return TensorShape.of(given.stream().mapToInt(Long::intValue).toArray());
        } catch (IllegalArgumentException e) {
            throw RequestBody.invalid("Input \"%s\": %s.".formatted(input.name(), e.getMessage()));
        }
    }

    private static ByteBuffer values(
            RequestBody body, int place, InferRequest.Input input, ElementType type, TensorShape shape) {
        Long size = input.parameters() == null ? null : input.parameters().binaryDataSize();
        JsonValues data = input.data();
        if ((size == null) == (data == null)) {
            throw RequestBody.invalid("Input \"%s\" needs either data or the parameter binary_data_size, not both."
                    .formatted(input.name()));
        }
        if (data != null) {
            return JsonTensorReader.read(input.name(), type, shape, body, data);
        }
        long needed = (long) shape.elements() * type.bytes();
        if (size == null || size != needed) {
            throw RequestBody.invalid("Input \"%s\" is %s %s and needs a binary_data_size of %,d, not %,d."
                    .formatted(input.name(), type, shape, needed, size));
        }
        ByteBuffer binary = body.binary(place);
        if (type == ElementType.BOOL) {
            requireBooleans(input, binary.duplicate());
        }
        return binary;
    }

    private static void requireBooleans(InferRequest.Input input, ByteBuffer values) {
        while (values.hasRemaining()) {
            byte value = values.get();
            if (value != 0 && value != 1) {
                throw RequestBody.invalid(
                        "Input \"%s\" has the byte %d. A BOOL is 0 or 1.".formatted(input.name(), value & 0xFF));
            }
        }
    }
}
