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

/** What a method of an archive returned, with its structure. {@link EngineValueReader} makes it. */
sealed interface EngineValue {

    /**
     * A tensor.
     *
     * @param values row-major, in the byte order of the machine; memory of the engine, which frees it after the pass
     */
    record Array(TensorShape shape, ElementType type, ByteBuffer values) implements EngineValue {

        /** All values, copied. */
        Tensor copy() {
            return next(fromStart(), shape);
        }

        /** The values of every index of the first axis, copied. */
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
     * @param code its type in TorchScript: {@code int}, {@code List[float]}
     */
    record Numbers(Tensor tensor, String code) implements EngineValue {}

    /** A dictionary whose keys are strings. */
    record Dictionary(Map<String, EngineValue> entries) implements EngineValue {

        public Dictionary {
            entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        }
    }

    /** A list. Its length may differ from pass to pass. */
    record Listing(List<EngineValue> elements) implements EngineValue {

        public Listing {
            elements = List.copyOf(elements);
        }

        /** Also for an empty list: it has nothing else. */
        boolean isOfDictionaries() {
            return elements.stream().allMatch(element -> element instanceof Dictionary || element instanceof Nothing);
        }
    }

    /** A tuple. The archive's code fixes its length. */
    record Tuple(List<EngineValue> elements) implements EngineValue {

        public Tuple {
            elements = List.copyOf(elements);
        }
    }

    /** {@code None}: an optional output that the model did not give. */
    record Nothing() implements EngineValue {}

    /**
     * What no tensor can hold: a string, an object.
     *
     * @param code its type, as the engine names it
     */
    record Foreign(String code) implements EngineValue {}
}
