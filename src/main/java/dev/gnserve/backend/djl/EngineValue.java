package dev.gnserve.backend.djl;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The value that a method of an archive returned, with its structure; read by {@link EngineValueReader}. */
sealed interface EngineValue {

    /**
     * A tensor.
     *
     * @param values row-major, in the machine's byte order; native memory that is freed after the pass
     */
    record Array(TensorShape shape, ElementType type, ByteBuffer values) implements EngineValue {

        /** Copies all values. */
        Tensor copy() {
            return next(fromStart(), shape);
        }

        /** Copies the values, split along the first axis. */
        List<Tensor> copyEach() {
            ByteBuffer rest = fromStart();
            TensorShape part = shape.withoutFirst();
            List<Tensor> parts = new ArrayList<>(shape.size(0));
            for (int i = 0; i < shape.size(0); i++) {
                parts.add(next(rest, part));
            }
            return parts;
        }

        private ByteBuffer fromStart() {
            return values.duplicate().order(values.order());
        }

        private Tensor next(ByteBuffer rest, TensorShape part) {
            int bytes = Math.multiplyExact(part.elements(), type.bytes());
            if (type == ElementType.FP32) {
                float[] floats = new float[part.elements()];
                rest.asFloatBuffer().get(floats);
                rest.position(rest.position() + bytes);
                return new FloatTensor(part, floats);
            }
            byte[] raw = new byte[bytes];
            rest.get(raw);
            return new RawTensor(type, part, raw);
        }
    }

    /**
     * A number or a list of numbers.
     *
     * @param tensor INT64, FP64 or BOOL, of shape [] or [length]
     * @param code the type in TorchScript: {@code int}, {@code List[float]}
     */
    record Numbers(Tensor tensor, String code) implements EngineValue {}

    /** A dictionary whose keys are strings. */
    record Dictionary(Map<String, EngineValue> entries) implements EngineValue {

        public Dictionary {
            entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        }
    }

    /** A list. Its length can differ between passes. */
    record Listing(List<EngineValue> elements) implements EngineValue {

        public Listing {
            elements = List.copyOf(elements);
        }

        /** Whether all elements are dictionaries or {@code None}; true for an empty list. */
        boolean isOfDictionaries() {
            return elements.stream().allMatch(element -> element instanceof Dictionary || element instanceof Nothing);
        }
    }

    /** A tuple. Its length is fixed by the archive's code. */
    record Tuple(List<EngineValue> elements) implements EngineValue {

        public Tuple {
            elements = List.copyOf(elements);
        }
    }

    /** {@code None}: an optional output that the model left out. */
    record Nothing() implements EngineValue {}

    /**
     * A value that no tensor can hold, such as a string or an object.
     *
     * @param code the type, as the engine names it
     */
    record Foreign(String code) implements EngineValue {}
}
