package dev.gnserve.protocol;

import dev.gnserve.backend.OutputDifference;
import dev.gnserve.backend.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** How far the outputs of two versions of a model agree. */
final class TensorAgreement {

    private TensorAgreement() {}

    /**
     * The mean over the outputs that either has, and over their items: 1 less the size of the difference relative to that of the served
     * values (root mean squares), at least 0. It is 0 for an output that one of them does not have, or that has another shape.
     *
     * @param served the items of each output that the client got
     * @param other those of the other version
     * @return 0 to 1; 1 without outputs
     */
    static double of(Map<String, List<Tensor>> served, Map<String, List<Tensor>> other) {
        Set<String> names = new TreeSet<>(served.keySet());
        names.addAll(other.keySet());
        return names.stream()
                .mapToDouble(
                        name -> ofOutput(served.getOrDefault(name, List.of()), other.getOrDefault(name, List.of())))
                .average()
                .orElse(1);
    }

    private static double ofOutput(List<Tensor> served, List<Tensor> other) {
        if (served.size() != other.size()) {
            return 0;
        }
        return IntStream.range(0, served.size())
                .mapToDouble(item -> ofItem(served.get(item), other.get(item)))
                .average()
                .orElse(1);
    }

    private static double ofItem(Tensor served, Tensor other) {
        if (!served.shape().equals(other.shape())) {
            return 0;
        }
        double difference = OutputDifference.relative(served.floats(), other.floats());
        return difference < 1 ? 1 - difference : 0;
    }
}
