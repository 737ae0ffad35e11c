package dev.gnserve.archive;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The element types of storages. */
public enum TensorType {
    FLOAT32("FloatStorage", 4),
    FLOAT64("DoubleStorage", 8),
    FLOAT16("HalfStorage", 2),
    BFLOAT16("BFloat16Storage", 2),
    INT64("LongStorage", 8),
    INT32("IntStorage", 4),
    INT16("ShortStorage", 2),
    INT8("CharStorage", 1),
    UINT8("ByteStorage", 1),
    UINT16("UInt16Storage", 2),
    UINT32("UInt32Storage", 4),
    UINT64("UInt64Storage", 8),
    FLOAT8_E4M3("Float8_e4m3fnStorage", 1),
    FLOAT8_E5M2("Float8_e5m2Storage", 1),
    COMPLEX32("ComplexHalfStorage", 4),
    BOOL("BoolStorage", 1),
    COMPLEX64("ComplexFloatStorage", 8),
    COMPLEX128("ComplexDoubleStorage", 16),
    QINT8("QInt8Storage", 1),
    QUINT8("QUInt8Storage", 1),
    QINT32("QInt32Storage", 4);

    private final String storageClass;
    private final int bytes;

    TensorType(String storageClass, int bytes) {
        this.storageClass = storageClass;
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    boolean isFloatingPoint() {
        return this == FLOAT32 || this == FLOAT64 || this == FLOAT16 || this == BFLOAT16;
    }

    /** The storage class in a pickle: {@code FloatStorage}. */
    String storageClass() {
        return storageClass;
    }

    /** The type of a storage class in a pickle: {@code FloatStorage}; null if there is none. */
    static @Nullable TensorType ofStorage(String storageClass) {
        return Arrays.stream(values())
                .filter(type -> type.storageClass.equals(storageClass))
                .findFirst()
                .orElse(null);
    }
}
