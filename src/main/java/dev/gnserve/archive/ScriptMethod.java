package dev.gnserve.archive;

import java.util.List;

/**
 * A method of a module in TorchScript source, without its {@code self}.
 *
 * @param arguments the declaration after {@code self}: {@code x: Tensor}
 * @param returns type of the result: {@code Tensor}
 * @param body lines, without the indentation of the method
 */
public record ScriptMethod(String name, String arguments, String returns, List<String> body) {

    public ScriptMethod {
        body = List.copyOf(body);
        if (body.isEmpty()) {
            throw new IllegalArgumentException("the method " + name + " has no body");
        }
    }

    /** {@code forward(x: Tensor) -> Tensor}. */
    public static ScriptMethod forward(String... body) {
        return new ScriptMethod("forward", "x: Tensor", "Tensor", List.of(body));
    }
}
