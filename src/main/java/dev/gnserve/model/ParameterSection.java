package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** The section {@code inputs} of {@code model.yaml} for a model that takes an image and other tensors. */
final class ParameterSection {

    private ParameterSection() {}

    /** An entry of inputs, of any task. */
    record Entry(
            String name,
            @Nullable ElementType dataType,
            @Nullable List<List<Integer>> shapes,
            @Nullable List<BigDecimal> value) {

        ElementType type() {
            return dataType == null ? ElementType.FP32 : dataType;
        }

        List<TensorShape> tensorShapes() {
            return shapes == null
                    ? List.of()
                    : shapes.stream()
                            .map(sizes -> TensorShape.of(
                                    sizes.stream().mapToInt(Integer::intValue).toArray()))
                            .toList();
        }
    }

    /**
     * Reads it.
     *
     * @return null for a model that takes images and nothing else, and for one that takes tensors
     * @throws InvalidManifestException naming line, field, value and what is allowed
     */
    static @Nullable ImageParameters read(
            ManifestTree tree, Task task, @Nullable ProgramInput program, boolean volumesOrClips) {
        if (task == Task.TENSORS || !tree.gives("/inputs")) {
            return null;
        }
        return tree.make("/inputs", () -> {
            if (volumesOrClips) {
                throw new IllegalArgumentException(
                        "is given, but a model of volumes or clips takes nothing else; remove it");
            }
            if (program != null) {
                throw new IllegalArgumentException(
                        "is given, but a program of torch.export takes an image alone; write it as an archive with gnserve export"
                                + " for an image and other tensors");
            }
            List<ImageParameters.Input> inputs = new ArrayList<>();
            for (Entry entry : tree.get("/inputs", Entry[].class)) {
                inputs.add(input(entry));
            }
            return new ImageParameters(inputs);
        });
    }

    private static ImageParameters.Input input(Entry entry) {
        List<TensorShape> shapes = entry.tensorShapes();
        if (shapes.isEmpty()) {
            if (entry.dataType() != null || entry.value() != null) {
                throw new IllegalArgumentException("input " + entry.name()
                        + " has no shapes, so it gets the image; allowed is its name alone, or shapes such as [[2]]");
            }
            return new ImageParameters.Input(entry.name(), ElementType.FP32, null, null);
        }
        if (shapes.size() > 1 || entry.type() == ElementType.FP16) {
            throw new IllegalArgumentException("input " + entry.name() + " has the shapes " + shapes + " of the type "
                    + entry.type() + "; beside an image, allowed are one shape, and types other than fp16");
        }
        ImageParameters.Input input = new ImageParameters.Input(entry.name(), entry.type(), shapes.get(0), null);
        return entry.value() == null
                ? input
                : new ImageParameters.Input(entry.name(), entry.type(), shapes.get(0), usual(input, entry.value()));
    }

    private static Tensor usual(ImageParameters.Input input, List<BigDecimal> value) {
        ArrayNode values = JsonNodeFactory.instance.arrayNode();
        for (BigDecimal number : value) {
            boolean whole = number.stripTrailingZeros().scale() <= 0;
            switch (input.type()) {
                case FP16, FP32, FP64 -> values.add(number);
                case BOOL -> values.add(number.signum() != 0);
                case UINT8, INT8, INT32, INT64 -> {
                    if (whole) {
                        values.add(number.toBigInteger());
                    } else {
                        values.add(number);
                    }
                }
            }
        }
        return ParameterValues.read(input, values);
    }
}
