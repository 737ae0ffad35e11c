package dev.gnserve.bundle;

import dev.gnserve.image.NpyHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The values of a test tensor [1, channels, ...], as far as they say what outputs mean. */
@SuppressWarnings("ArrayRecordComponent") // Read once, compared never.
record TestTensor(float[] values, float least, float most) {

    private static final float ROUNDING = 1e-3f;

    static TestTensor of(String what, byte[] npy) {
        try {
            NpyHeader header = NpyHeader.read(npy);
            header.requireValues(npy, Arrays.stream(header.shape()).reduce(1, Math::multiplyExact));
            if (header.fortranOrder()) {
                throw new IOException("its values are in Fortran order");
            }
            ByteBuffer in = header.values(npy);
            float[] values = new float[in.remaining() / header.bytes()];
            float least = Float.MAX_VALUE;
            float most = -Float.MAX_VALUE;
            for (int i = 0; i < values.length; i++) {
                values[i] = header.number(in, i);
                least = Math.min(least, values[i]);
                most = Math.max(most, values[i]);
            }
            return new TestTensor(values, least, most);
        } catch (IOException e) {
            throw new RefusedPackageException("the " + what + " is no array that is read: " + e.getMessage());
        }
    }

    /**
     * The file of an array [1, channels, rows, columns] as one of [1, channels, 1, rows, columns].
     *
     * @throws RefusedPackageException for another array
     */
    static byte[] withPlanes(byte[] npy) {
        try {
            NpyHeader header = NpyHeader.read(npy);
            long[] shape = header.shape();
            if (shape.length != 4 || shape[0] != 1 || header.fortranOrder()) {
                throw new IOException("its shape is " + Arrays.toString(shape)
                        + "; gnserve takes one image, [1, channels, rows, columns] in C order");
            }
            String type = (header.bytes() == 1 ? "|" : header.bigEndian() ? ">" : "<") + header.kind() + header.bytes();
            String text = "{'descr': '%s', 'fortran_order': False, 'shape': (1, %d, 1, %d, %d), }"
                    .formatted(type, shape[1], shape[2], shape[3]);
            byte[] start = ("\u0093NUMPY\u0001\u0000" + (char) (text.length() + 1) + "\u0000" + text + "\n")
                    .getBytes(StandardCharsets.ISO_8859_1);
            byte[] made = Arrays.copyOf(start, start.length + npy.length - header.from());
            System.arraycopy(npy, header.from(), made, start.length, npy.length - header.from());
            return made;
        } catch (IOException e) {
            throw new RefusedPackageException("the test input is no array that is read: " + e.getMessage());
        }
    }

    boolean areFractions() {
        return least >= -ROUNDING && most <= 1 + ROUNDING;
    }

    /** Whether the values of a voxel sum to 1 over the channels. */
    boolean sumToOne(int channels) {
        int voxels = values.length / channels;
        for (int i = 0; i < voxels; i++) {
            double sum = 0;
            for (int c = 0; c < channels; c++) {
                sum += values[c * voxels + i];
            }
            if (Math.abs(sum - 1) > ROUNDING) {
                return false;
            }
        }
        return true;
    }
}
