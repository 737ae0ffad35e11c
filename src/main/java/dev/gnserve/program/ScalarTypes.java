package dev.gnserve.program;

import dev.gnserve.archive.TensorType;
import dev.gnserve.archive.TorchScriptException;
import java.util.HashMap;
import java.util.Map;

/** The numbers of enumerations in a program, and what they are in TorchScript. */
final class ScalarTypes {

    /** @param number the enumeration {@code ScalarType} of c10, which TorchScript uses */
    private record ScalarType(String name, int number) {}

    /** By the enumeration {@code ScalarType} of PyTorch's export schema. */
    private static final Map<Integer, ScalarType> TYPES = new HashMap<>();

    private static final Map<Integer, TensorType> STORED = Map.ofEntries(
            Map.entry(1, TensorType.UINT8),
            Map.entry(2, TensorType.INT8),
            Map.entry(3, TensorType.INT16),
            Map.entry(4, TensorType.INT32),
            Map.entry(5, TensorType.INT64),
            Map.entry(6, TensorType.FLOAT16),
            Map.entry(7, TensorType.FLOAT32),
            Map.entry(8, TensorType.FLOAT64),
            Map.entry(10, TensorType.COMPLEX64),
            Map.entry(11, TensorType.COMPLEX128),
            Map.entry(12, TensorType.BOOL),
            Map.entry(13, TensorType.BFLOAT16));

    static {
        String[] names = {
            "uint8",
            "int8",
            "int16",
            "int32",
            "int64",
            "float16",
            "float32",
            "float64",
            "complex32",
            "complex64",
            "complex128",
            "bool"
        };
        for (int i = 0; i < names.length; i++) {
            TYPES.put(i + 1, new ScalarType(names[i], i));
        }
        TYPES.put(13, new ScalarType("bfloat16", 15));
        TYPES.put(28, new ScalarType("uint16", 27));
        TYPES.put(29, new ScalarType("float8_e4m3fn", 24));
        TYPES.put(30, new ScalarType("float8_e5m2", 23));
        TYPES.put(31, new ScalarType("float8_e4m3fnuz", 26));
        TYPES.put(32, new ScalarType("float8_e5m2fnuz", 25));
        TYPES.put(34, new ScalarType("uint32", 28));
        TYPES.put(35, new ScalarType("uint64", 29));
    }

    private ScalarTypes() {}

    /** PyTorch's name of a type: {@code bfloat16}. */
    static String name(int exported) {
        ScalarType type = TYPES.get(exported);
        return type == null ? "type " + exported : type.name();
    }

    /** The number of a type in TorchScript. */
    static int number(int exported) {
        ScalarType type = TYPES.get(exported);
        if (type == null) {
            throw unknown("an element type", exported);
        }
        return type.number();
    }

    /** Whether a type holds real numbers with a point. */
    static boolean isReal(int exported) {
        return (exported >= 6 && exported <= 8) || exported == 13;
    }

    /** The type of a weight's elements. */
    static TensorType stored(int exported, String weight) {
        TensorType type = STORED.get(exported);
        if (type == null) {
            throw new TorchScriptException("the weight " + weight + " is of type " + name(exported)
                    + ", which cannot be loaded. Convert it to a usual type and export the model again");
        }
        return type;
    }

    static int memoryFormat(int exported) {
        return switch (exported) {
            case 1 -> 0; // contiguous
            case 2 -> 2; // channels last
            case 3 -> 3; // channels last, 3-D
            case 4 -> 1; // preserve
            default -> throw unknown("a memory format", exported);
        };
    }

    static int layout(int exported) {
        if (exported != 7) { // strided
            throw new TorchScriptException(
                    "the program makes sparse tensors, which are not served. Export the model with dense tensors");
        }
        return 0;
    }

    private static TorchScriptException unknown(String what, int number) {
        return new TorchScriptException("the program uses " + what + " with the number " + number
                + ", which is not known here. Export the model with an older version of PyTorch");
    }
}
