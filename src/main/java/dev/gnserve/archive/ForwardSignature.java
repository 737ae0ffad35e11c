package dev.gnserve.archive;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The signature of a model's {@code forward} in its code.
 *
 * @param inputs the arguments without {@code self}
 * @param result the type of the result: {@code Tensor}, {@code Dict[str, Tensor]}, {@code List[Dict[str, Tensor]]}
 */
public record ForwardSignature(List<Input> inputs, String result) {

    /** One tensor in, one out. */
    public static final ForwardSignature TENSOR =
            new ForwardSignature(List.of(new Input("input", "Tensor", true)), "Tensor");

    /**
     * An argument.
     *
     * @param type in TorchScript's notation: {@code Tensor}, {@code List[Tensor]}, {@code Optional[int]}
     * @param required whether it has no default value
     */
    public record Input(String name, String type, boolean required) {}

    public ForwardSignature {
        inputs = List.copyOf(inputs);
    }

    static ForwardSignature of(SourceFile.Function forward) {
        List<Input> inputs = forward.parameters.stream()
                .skip(1)
                .map(parameter -> new Input(parameter.name(), parameter.type(), parameter.defaultValue() == null))
                .toList();
        return new ForwardSignature(inputs, forward.resultType);
    }

    /** The arguments in words: {@code image (Tensor), mask (Tensor), scale (float)}. */
    public String describeInputs() {
        return inputs.isEmpty()
                ? "nothing"
                : inputs.stream()
                        .map(input -> input.name() + " (" + input.type() + ")")
                        .collect(Collectors.joining(", "));
    }

    /** Whether {@code forward} takes the images of a batch as a list of tensors, as torchvision's detectors do. */
    public boolean takesList() {
        return !inputs.isEmpty() && inputs.get(0).type().equals("List[Tensor]");
    }
}
