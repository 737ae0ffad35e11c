package dev.gnserve.archive;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;

/** Opcodes of pickle protocol 2 that are inserted into an existing pickle. */
final class PickleOpcodes {

    private PickleOpcodes() {}

    /** A pickle with opcodes inserted at byte positions. */
    static byte[] inserted(byte[] pickle, SortedMap<Integer, byte[]> insertions) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(pickle.length + 128 * insertions.size());
        int at = 0;
        for (Map.Entry<Integer, byte[]> insertion : insertions.entrySet()) {
            out.write(pickle, at, insertion.getKey() - at);
            out.writeBytes(insertion.getValue());
            at = insertion.getKey();
        }
        out.write(pickle, at, pickle.length - at);
        return out.toByteArray();
    }

    static void text(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        littleEndian(out, bytes.length);
        out.writeBytes(bytes);
    }

    static void integer(ByteArrayOutputStream out, int value) {
        out.write('J');
        littleEndian(out, value);
    }

    static void none(ByteArrayOutputStream out) {
        out.write('N');
    }

    /** A list of zeros, made by one of libtorch's list builders, such as {@code build_intlist}. */
    static void zeroList(ByteArrayOutputStream out, String builder, int zeros) {
        out.writeBytes(("ctorch.jit._pickle\n" + builder + "\n").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(new byte[] {'(', ']', '('});
        for (int i = 0; i < zeros; i++) {
            out.write('K');
            out.write(0);
        }
        out.writeBytes(new byte[] {'e', 't', 'R'});
    }

    static void memoize(ByteArrayOutputStream out, int number) {
        out.write('r');
        littleEndian(out, number);
    }

    static void recall(ByteArrayOutputStream out, int number) {
        out.write('j');
        littleEndian(out, number);
    }

    private static void littleEndian(ByteArrayOutputStream out, int value) {
        for (int shift = 0; shift < 32; shift += 8) {
            out.write(value >>> shift);
        }
    }
}
