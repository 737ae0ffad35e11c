package dev.gnserve.archive;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes pickle protocol 2 for a TorchScript archive. Each global and string is written once and then recalled. Not thread-safe. */
final class PickleWriter {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Map<Object, Integer> memo = new HashMap<>();

    PickleWriter() {
        out.write(0x80);
        out.write(2);
    }

    byte[] finish() {
        opcode('.');
        return out.toByteArray();
    }

    PickleWriter opcode(char code) {
        out.write(code);
        return this;
    }

    PickleWriter newObject(String module, String name) {
        return global(module, name).opcode(')').write(0x81);
    }

    PickleWriter global(String module, String name) {
        String line = module + '\n' + name + '\n';
        if (!recall(new Global(line))) {
            opcode('c').write(line.getBytes(StandardCharsets.US_ASCII));
            memoize(new Global(line));
        }
        return this;
    }

    PickleWriter string(String value) {
        if (!recall(value)) {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            opcode('X').int32(bytes.length).write(bytes);
            memoize(value);
        }
        return this;
    }

    PickleWriter bool(boolean value) {
        return write(value ? 0x88 : 0x89);
    }

    PickleWriter integer(long value) {
        if (value >= 0 && value < 256) {
            return opcode('K').write((int) value);
        } else if (value == (int) value) {
            return opcode('J').int32((int) value);
        }
        return write(0x8a).write(Long.BYTES).int32((int) value).int32((int) (value >> 32));
    }

    PickleWriter integers(List<Long> values) {
        opcode('(');
        values.forEach(this::integer);
        return opcode('t');
    }

    /** Recalls the value that was memoized under the key; returns false if there is none. */
    boolean recall(Object key) {
        Integer number = memo.get(key);
        if (number == null) {
            return false;
        }
        if (number < 256) {
            opcode('h').write(number);
        } else {
            opcode('j').int32(number);
        }
        return true;
    }

    /** Memoizes the value that was written last. */
    PickleWriter memoize(Object key) {
        int number = memo.size();
        memo.put(key, number);
        return number < 256 ? opcode('q').write(number) : opcode('r').int32(number);
    }

    private PickleWriter write(int value) {
        out.write(value);
        return this;
    }

    private PickleWriter write(byte[] bytes) {
        out.write(bytes, 0, bytes.length);
        return this;
    }

    private PickleWriter int32(int value) {
        return write(value & 0xff)
                .write(value >> 8 & 0xff)
                .write(value >> 16 & 0xff)
                .write(value >>> 24);
    }

    private record Global(String line) {}
}
