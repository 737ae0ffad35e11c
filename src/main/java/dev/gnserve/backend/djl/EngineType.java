package dev.gnserve.backend.djl;

import ai.djl.ndarray.types.DataType;
import dev.gnserve.backend.ElementType;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The engine's names of the types of values. */
final class EngineType {

    private static final Map<ElementType, DataType> NAMES = new EnumMap<>(Map.of(
            ElementType.BOOL, DataType.BOOLEAN,
            ElementType.UINT8, DataType.UINT8,
            ElementType.INT8, DataType.INT8,
            ElementType.INT32, DataType.INT32,
            ElementType.INT64, DataType.INT64,
            ElementType.FP16, DataType.FLOAT16,
            ElementType.FP32, DataType.FLOAT32,
            ElementType.FP64, DataType.FLOAT64));

    private EngineType() {}

    static DataType of(ElementType type) {
        DataType name = NAMES.get(type);
        if (name == null) {
            throw new IllegalArgumentException("the engine has no values of type " + type);
        }
        return name;
    }

    /** Null for a type that is none of ours. */
    static @Nullable ElementType of(DataType name) {
        for (Map.Entry<ElementType, DataType> entry : NAMES.entrySet()) {
            if (entry.getValue() == name) {
                return entry.getKey();
            }
        }
        return null;
    }
}
