package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Parameter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Lets a network of float16, bfloat16 or float64 take float32. An archive does not say which type its input has. Its layers do: where
 * all weights of two or more axes have one of these types, {@code forward} converts floating-point inputs to it first. Parameters with
 * one axis do not count, because normalization in float32 is usual within such a network.
 *
 * <p>An archive that converts its input itself stays as it is: what it computes before that is in the type of the input.
 */
public final class InputConversion {

    /** The numbers of the types in TorchScript. */
    private static final Map<TensorType, Integer> NUMBERS =
            Map.of(TensorType.FLOAT16, 5, TensorType.FLOAT64, 7, TensorType.BFLOAT16, 15);

    private InputConversion() {}

    /** The archive with the conversion; the same archive where there is nothing to convert. */
    public static TorchScriptArchive of(TorchScriptArchive archive) {
        Function forward = archive.forwardFunction();
        Integer type = forward == null ? null : type(archive);
        if (forward == null || type == null || convertsItself(forward.file, forward, type)) {
            return archive;
        }
        SourceFile source = forward.file;
        Edits edits = new Edits();
        for (Parameter input : forward.parameters.subList(1, forward.parameters.size())) {
            if (input.type().equals("Tensor")) {
                edits.insert(
                        source.start(forward.body.from()),
                        "\n    %1$s = torch.to(%1$s, %2$d) if torch.is_floating_point(%1$s) else %1$s"
                                .formatted(input.name(), type));
            }
        }
        String text = edits.apply(source.text);
        return text.equals(source.text)
                ? archive
                : archive.with(Map.of(source.entry, text.getBytes(StandardCharsets.UTF_8)));
    }

    private static @Nullable Integer type(TorchScriptArchive archive) {
        Set<TensorType> types = archive.parameters().stream()
                .map(TorchScriptArchive.Parameter::tensor)
                .filter(tensor -> tensor.shape().size() > 1)
                .map(StoredTensor::type)
                .filter(type -> type == TensorType.FLOAT32 || NUMBERS.containsKey(type))
                .collect(Collectors.toSet());
        return types.size() == 1 ? NUMBERS.get(types.iterator().next()) : null;
    }

    /** Whether {@code forward} converts something to the type before the end of its first call of a submodule. */
    private static boolean convertsItself(SourceFile source, Function forward, int type) {
        int end = forward.calls().stream()
                .filter(call -> source.token(call.callee()).endsWith(".forward"))
                .mapToInt(call -> source.closing(call.open()))
                .min()
                .orElse(Integer.MAX_VALUE);
        return forward.calls().stream()
                .filter(call -> source.token(call.callee()).equals("torch.to") && call.callee() < end)
                .map(call -> source.arguments(call.open()))
                .anyMatch(arguments ->
                        arguments.size() > 1 && source.text(arguments.get(1)).equals(Integer.toString(type)));
    }
}
