package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorGroup;
import dev.gnserve.backend.TensorShape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The tensors that a model of the task tensors takes by name, in the order of {@code forward}. Immutable.
 *
 * @param inputs one or more, with the same number of shapes: those at one place go together
 * @param whole whether shapes have all axes, and a request is one pass, as {@link TensorGroup#whole()}; otherwise all tensors begin
 *     with the batch, which the shapes leave out
 */
public record NamedInputs(List<NamedInput> inputs, boolean whole) {

    /**
     * One of them.
     *
     * @param name of the argument; of a part of it with its path, as {@code levels.0}
     */
    public record NamedInput(String name, ElementType type, List<TensorShape> shapes) {

        public NamedInput {
            shapes = List.copyOf(shapes);
            int rank = shapes.isEmpty() ? 0 : shapes.get(0).rank();
            if (name.isBlank() || shapes.isEmpty() || shapes.stream().anyMatch(shape -> shape.rank() != rank)) {
                throw new IllegalArgumentException("input " + name + " has the shapes " + shapes
                        + ", allowed are a name and one shape or more with the same number of axes");
            }
        }
    }

    public NamedInputs {
        inputs = List.copyOf(inputs);
        long names = inputs.stream().map(NamedInput::name).distinct().count();
        long counts =
                inputs.stream().map(input -> input.shapes().size()).distinct().count();
        if (names != inputs.size() || counts != 1) {
            throw new IllegalArgumentException("inputs are " + inputs
                    + ", allowed are different names, and the same number of shapes for each input");
        }
    }

    /** Noise of every shape. */
    List<ModelInput> noise() {
        return IntStream.range(0, inputs.get(0).shapes().size())
                .mapToObj(this::noise)
                .toList();
    }

    private ModelInput noise(int place) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        inputs.forEach(input -> tensors.put(
                input.name(), WarmUp.input(input.type(), input.shapes().get(place))));
        return new TensorGroup(tensors, whole);
    }

    /** These inputs with their first shapes only. */
    NamedInputs first() {
        return new NamedInputs(
                inputs.stream()
                        .map(input -> new NamedInput(
                                input.name(), input.type(), input.shapes().subList(0, 1)))
                        .toList(),
                whole);
    }
}
