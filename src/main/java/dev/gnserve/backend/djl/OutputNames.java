package dev.gnserve.backend.djl;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Names the outputs in a value: by the key in a dictionary, {@code a.b} in a nested dictionary, {@code a.0} in a list or tuple
 * within a dictionary. Outside of dictionaries, a single output is named "output", several are "output0", "output1" and so
 * on; {@code None} is counted but is no output.
 *
 * <p>The second dictionary of a list has names like {@code boxes[1]}. An output whose name exists already gets such a number
 * as well, so that no output is lost.
 */
final class OutputNames {

    /**
     * An output.
     *
     * @param name null outside of dictionaries
     */
    private record Leaf(@Nullable String name, String suffix, EngineValue value) {}

    private final List<Leaf> leaves = new ArrayList<>();

    private OutputNames() {}

    /** The outputs by name, in their order. */
    static Map<String, EngineValue> of(EngineValue value) {
        OutputNames names = new OutputNames();
        names.collect(value, "", "");
        Map<String, EngineValue> outputs = new LinkedHashMap<>();
        for (int i = 0; i < names.leaves.size(); i++) {
            Leaf leaf = names.leaves.get(i);
            if (leaf.value instanceof EngineValue.Nothing) {
                continue;
            }
            String own = leaf.name != null ? leaf.name : names.leaves.size() == 1 ? "output" : "output" + i;
            String name = own + leaf.suffix;
            for (int n = 1; outputs.containsKey(name); n++) {
                name = own + "[" + n + "]";
            }
            outputs.put(name, leaf.value);
        }
        return outputs;
    }

    private void collect(EngineValue value, String path, String suffix) {
        if (value instanceof EngineValue.Dictionary dictionary) {
            dictionary
                    .entries()
                    .forEach((key, entry) -> collect(entry, path.isEmpty() ? key : path + "." + key, suffix));
        } else if (value instanceof EngineValue.Listing list) {
            boolean numbered = path.isEmpty() && suffix.isEmpty() && list.isOfDictionaries();
            for (int i = 0; i < list.elements().size(); i++) {
                collect(
                        list.elements().get(i),
                        path.isEmpty() ? "" : path + "." + i,
                        numbered && i > 0 ? "[" + i + "]" : suffix);
            }
        } else if (value instanceof EngineValue.Tuple tuple) {
            for (int i = 0; i < tuple.elements().size(); i++) {
                collect(tuple.elements().get(i), path.isEmpty() ? "" : path + "." + i, suffix);
            }
        } else {
            leaves.add(new Leaf(path.isEmpty() ? null : path, suffix, value));
        }
    }
}
