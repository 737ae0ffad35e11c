package dev.gnserve.protocol;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import tools.jackson.core.JsonGenerator;

/**
 * The largest values of an output for each item, as the classification extension of the protocol gives them: texts of type BYTES,
 * {@code value:index} or {@code value:index:label}, largest first, [batch, count]. The source is Triton's
 * docs/protocol/extension_classification.md.
 *
 * @param texts of all items, one item after the other
 * @param items of the batch
 */
record TopClasses(String name, List<String> texts, int items) implements ResponseTensor {

    TopClasses {
        texts = List.copyOf(texts);
    }

    /**
     * Ranks the values of each item; of equal ones the first comes first.
     *
     * @param count per item, at most
     * @param labels of the model; they are used if there is one for each value
     * @throws FailureException INVALID_REQUEST if the values are truth values, which have no order
     */
    static TopClasses of(OutputTensor output, int count, List<String> labels) {
        if (output.type() == ElementType.BOOL) {
            throw RequestBody.invalid(
                    "Output \"%s\" has truth values, which have no order. Request it without classification."
                            .formatted(output.name()));
        }
        List<String> texts = output.items().stream()
                .flatMap(item -> {
                    double[] values = values(item);
                    boolean labelled = labels.size() == values.length;
                    return IntStream.range(0, values.length)
                            .boxed()
                            .sorted(Comparator.comparingDouble((Integer i) -> values[i])
                                    .reversed()
                                    .thenComparing(Comparator.naturalOrder()))
                            .limit(count)
                            .map(i -> String.format(Locale.ROOT, "%f:%d", values[i], i)
                                    + (labelled ? ":" + labels.get(i) : ""));
                })
                .toList();
        return new TopClasses(output.name(), texts, output.items().size());
    }

    private static double[] values(Tensor item) {
        double[] values = new double[item.shape().elements()];
        boolean whole = item instanceof RawTensor
                && switch (item.type()) {
                    case FP16, FP32 -> false;
                    default -> true;
                };
        float[] floats = whole ? new float[0] : item.floats();
        ByteBuffer raw = whole ? ((RawTensor) item).buffer() : ByteBuffer.allocate(0);
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (item.type()) {
                case BOOL, INT8 -> raw.get();
                case UINT8 -> raw.get() & 0xFF;
                case INT32 -> raw.getInt();
                case INT64 -> raw.getLong();
                case FP64 -> raw.getDouble();
                case FP16, FP32 -> floats[i];
            };
        }
        return values;
    }

    @Override
    public String datatype() {
        return "BYTES";
    }

    @Override
    public TensorShape shape() {
        return TensorShape.of(items, texts.size() / items);
    }

    @Override
    public long bytes() {
        return texts.stream()
                .mapToLong(text -> Integer.BYTES + bytes(text).length)
                .sum();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Each text with its length before it. */
    @Override
    public void writeTo(OutputStream out) throws IOException {
        for (String text : texts) {
            byte[] bytes = bytes(text);
            out.write(ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(bytes.length)
                    .array());
            out.write(bytes);
        }
    }

    @Override
    public void writeTo(JsonGenerator json) {
        texts.forEach(json::writeString);
    }

    @Override
    public void requireFinite() {
        // Texts can hold every value.
    }
}
