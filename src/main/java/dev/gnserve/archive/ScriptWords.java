package dev.gnserve.archive;

import java.nio.charset.StandardCharsets;
import java.util.Set;

/** The words of TorchScript source: names and literals. */
public final class ScriptWords {

    /** Keywords, and names that have a meaning in the text that PyTorch writes. */
    private static final Set<String> RESERVED = Set.of(
            ("and as assert async await break class continue def del elif else except finally for from global if import in is lambda"
                            + " nonlocal not or pass raise return try while with yield None True False"
                            + " torch ops prim aten self annotate annotations bool bytearray complex dict device fork getattr"
                            + " hasattr id inf int infj float isinstance len list max min nan nanj number print range rpc_async str"
                            + " tuple uninitialized unchecked_cast unchecked_unwrap_optional CONSTANTS Any Device Dict Final List"
                            + " NoneType Optional Tensor Tuple Union")
                    .split(" "));

    private ScriptWords() {}

    /** Whether a text can be the name of a variable or an attribute as it is. */
    public static boolean isName(String text) {
        return text.matches("[A-Za-z_][A-Za-z_0-9]*") && !text.startsWith("__") && !RESERVED.contains(text);
    }

    /** A floating-point literal that reads back as the same double. */
    public static String literal(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        } else if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        return Double.toString(value).replace("E", "e");
    }

    /** A text in quotes. Bytes that are not printable ASCII are octal numbers, as PyTorch writes them. */
    public static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (byte unit : text.getBytes(StandardCharsets.UTF_8)) {
            if (unit == '"' || unit == '\\') {
                quoted.append('\\').append((char) unit);
            } else if (unit >= ' ' && unit < 0x7f) {
                quoted.append((char) unit);
            } else {
                quoted.append("\\%03o".formatted(unit & 0xff));
            }
        }
        return quoted.append('"').toString();
    }
}
