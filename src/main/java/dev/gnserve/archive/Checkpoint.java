package dev.gnserve.archive;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads what {@code torch.save} wrote: a tensor, or a dictionary of tensors. Runs no code of the file. */
public final class Checkpoint {

    private static final int MAX_PICKLE_BYTES = 32 << 20;

    private Checkpoint() {}

    /**
     * The tensors of a dictionary by their keys, in its order.
     *
     * @throws TorchScriptException if it holds something else
     */
    public static Map<String, SavedTensor> tensors(ZipFolder saved) {
        if (!(value(saved) instanceof PickledDict dict)) {
            throw new TorchScriptException("the weights are no dictionary of tensors, so they cannot be read");
        }
        Map<String, SavedTensor> tensors = new LinkedHashMap<>();
        dict.items().forEach((key, value) -> {
            if (!(value instanceof StoredTensor tensor)) {
                throw new TorchScriptException("the value " + ZipDirectory.printable(key.toString())
                        + " is no dense tensor on a CPU or GPU, so it cannot be read. Export the model without it");
            }
            tensors.put(key.toString(), new SavedTensor(saved, tensor));
        });
        return tensors;
    }

    /**
     * A single tensor.
     *
     * @throws TorchScriptException if it is something else
     */
    public static SavedTensor tensor(ZipFolder saved) {
        if (value(saved) instanceof StoredTensor tensor) {
            return new SavedTensor(saved, tensor);
        }
        throw new TorchScriptException("a weight is no dense tensor on a CPU or GPU, so it cannot be read");
    }

    private static @Nullable Object value(ZipFolder saved) {
        String order = saved.has("byteorder")
                ? new String(saved.bytes("byteorder", 100), StandardCharsets.UTF_8).strip()
                : "little";
        if (!order.equals("little")) {
            throw new TorchScriptException("the byte order of the weights is " + ZipDirectory.printable(order)
                    + ", allowed is little. Save them again on a little-endian machine");
        }
        byte[] pickle = saved.bytes("data.pkl", MAX_PICKLE_BYTES);
        PickleDepth.require("data.pkl", pickle);
        return PickleReader.checkpoint("data.pkl", "data", pickle).value();
    }
}
