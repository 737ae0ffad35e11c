package dev.gnserve.backend.djl;

import ai.djl.ndarray.types.DataType;
import dev.gnserve.backend.ElementType;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Maps element types to DJL's data types and back. */
final class EngineType {

    private static final Map<ElementType, DataType> TYPES = new EnumMap<>(Map.of(
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
        return Objects.requireNonNull(TYPES.get(type), "every type has an entry");
    }

    /** Null if there is no such element type. */
    static @Nullable ElementType of(DataType type) {
        for (Map.Entry<ElementType, DataType> entry : TYPES.entrySet()) {
            if (entry.getValue() == type) {
                return entry.getKey();
            }
        }
        return null;
    }
}
