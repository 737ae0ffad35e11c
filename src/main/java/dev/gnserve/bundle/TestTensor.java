package dev.gnserve.bundle;

import dev.gnserve.image.NpyHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
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
