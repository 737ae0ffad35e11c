package dev.gnserve.protocol;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.pipeline.OutputHeap;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntToLongFunction;
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

    /** Heap of one text: its object, its characters and its place in the list. */
    private static final int HEAP_PER_TEXT = 96;

    /**
     * Ranks the values of each item; of equal ones the first comes first.
     *
     * @param count per item, at most
     * @param labels of the model; they are used if there is one for each value
     * @param heap counts the texts before they are made
     * @param cancellation asked for each item
     * @throws FailureException INVALID_REQUEST if the values are truth values, which have no order; the failure of the heap or the
     *     cancellation
     */
    static TopClasses of(
            OutputTensor output, int count, List<String> labels, OutputHeap heap, Cancellation cancellation) {
        if (output.type() == ElementType.BOOL) {
            throw RequestBody.invalid(
                    "Output \"%s\" has truth values, which have no order. Request it without classification."
                            .formatted(output.name()));
        }
        int values = output.items().get(0).shape().elements();
        int each = Math.min(count, values);
        boolean labelled = labels.size() == values;
        List<String> texts = new ArrayList<>();
        int left = output.items().size();
        for (Tensor item : output.items()) {
            cancellation.throwIfCancelled();
            long bytes = (long) each * HEAP_PER_TEXT;
            heap.add(bytes, bytes * --left);
            IntToLongFunction order = order(item);
            boolean whole = isWhole(item.type());
            for (int index : largest(order, values, each)) {
                long key = order.applyAsLong(index);
                String value = whole ? Long.toString(key) : String.format(Locale.ROOT, "%f", value(key));
                texts.add(value + ":" + index + (labelled ? ":" + labels.get(index) : ""));
            }
        }
        return new TopClasses(output.name(), texts, output.items().size());
    }

    /** The indices of the largest keys, largest first; of equal keys the first comes first. O(values log count), without objects. */
    private static int[] largest(IntToLongFunction order, int values, int count) {
        int[] heap = new int[count]; // At its root the index that comes last.
        for (int i = 0; i < count; i++) {
            heap[i] = i;
        }
        for (int place = count / 2 - 1; place >= 0; place--) {
            sink(heap, count, place, order);
        }
        for (int i = count; i < values; i++) {
            if (order.applyAsLong(i) > order.applyAsLong(heap[0])) { // Of equal ones, i comes later.
                heap[0] = i;
                sink(heap, count, 0, order);
            }
        }
        for (int end = count - 1; end > 0; end--) {
            int last = heap[0];
            heap[0] = heap[end];
            heap[end] = last;
            sink(heap, end, 0, order);
        }
        return heap;
    }

    private static void sink(int[] heap, int size, int place, IntToLongFunction order) {
        int moved = heap[place];
        int at = place;
        while (2 * at + 1 < size) {
            int child = 2 * at + 1;
            if (child + 1 < size && comesBefore(heap[child], heap[child + 1], order)) {
                child++;
            }
            if (!comesBefore(moved, heap[child], order)) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = moved;
    }

    private static boolean comesBefore(int one, int other, IntToLongFunction order) {
        long first = order.applyAsLong(one);
        long second = order.applyAsLong(other);
        return first > second || (first == second && one < other);
    }

    private static boolean isWhole(ElementType type) {
        return switch (type) {
            case BOOL, UINT8, INT8, INT32, INT64 -> true;
            case FP16, FP32, FP64 -> false;
        };
    }

    /** Numbers in the order of the values: whole numbers themselves, and {@link #key} of others. None is rounded. */
    private static IntToLongFunction order(Tensor item) {
        if (item.type() == ElementType.FP16 || item.type() == ElementType.FP32) {
            float[] floats = item.floats();
            return i -> key(floats[i]);
        }
        ByteBuffer raw = ((RawTensor) item).buffer();
        return switch (item.type()) {
            case UINT8 -> i -> raw.get(i) & 0xFF;
            case INT32 -> i -> raw.getInt(Integer.BYTES * i);
            case INT64 -> i -> raw.getLong(Long.BYTES * i);
            case FP64 -> i -> key(raw.getDouble(Double.BYTES * i));
            default -> raw::get;
        };
    }

    /** Orders as {@link Double#compare}: the bits of a negative number, without its sign, count downwards. */
    private static long key(double value) {
        long bits = Double.doubleToLongBits(value);
        return bits ^ ((bits >> 63) & Long.MAX_VALUE);
    }

    /** The value of a {@link #key}. */
    private static double value(long key) {
        return Double.longBitsToDouble(key ^ ((key >> 63) & Long.MAX_VALUE));
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
