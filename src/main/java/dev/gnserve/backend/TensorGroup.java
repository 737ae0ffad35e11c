package dev.gnserve.backend;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Several tensors that go into {@code forward} together. Immutable.
 *
 * <p>A name is that of an argument, as {@code image}. A part of an argument that is a list, a tuple or a dictionary has its path:
 * {@code levels.0}, {@code options.gain}.
 *
 * @param tensors by name, in the order of the arguments
 * @param whole whether the tensors are the arguments as they are, so that a pass runs one group, and its outputs are not split;
 *     otherwise the tensors have no batch axis, as those of {@link BackendSession#run}
 */
public record TensorGroup(Map<String, Tensor> tensors, boolean whole) implements ModelInput {

    public TensorGroup {
        if (tensors.isEmpty()) {
            throw new IllegalArgumentException("a group needs one tensor or more");
        }
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    @Override
    public long elements() {
        return tensors.values().stream().mapToLong(Tensor::elements).sum();
    }

    @Override
    public Object kind() {
        return tensors.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, tensor -> tensor.getValue().kind()));
    }

    /** As {@code image FP32 [3, 64, 64], mask BOOL [64, 64]}. */
    @Override
    public String toString() {
        return tensors.entrySet().stream()
                .map(tensor -> tensor.getKey() + " " + tensor.getValue())
                .collect(Collectors.joining(", "));
    }
}
