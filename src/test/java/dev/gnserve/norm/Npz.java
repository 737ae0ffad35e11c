package dev.gnserve.norm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The arrays of a NumPy {@code .npz} archive, as far as the golden files need it: little-endian floats in C order. */
final class Npz {

    private static final Pattern TYPE = Pattern.compile("'descr': '<f([48])', 'fortran_order': False");

    private final Map<String, double[]> arrays = new HashMap<>();

    static Npz read(InputStream in) throws IOException {
        Npz npz = new Npz();
        try (ZipInputStream zip = new ZipInputStream(in)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                npz.arrays.put(entry.getName().replace(".npy", ""), array(ByteBuffer.wrap(zip.readAllBytes())));
            }
        }
        return npz;
    }

    double[] doubles(String name) {
        return arrays.get(name);
    }

    float[] floats(String name) {
        double[] values = arrays.get(name);
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** Version 1 of the format: magic and version in 8 bytes, the length of the header in 2, the header, the values. */
    private static double[] array(ByteBuffer npy) {
        npy.order(ByteOrder.LITTLE_ENDIAN);
        int header = npy.getShort(8);
        Matcher type = TYPE.matcher(StandardCharsets.US_ASCII.decode(npy.slice(10, header)));
        if (!type.find()) {
            throw new IllegalArgumentException("Not an array of little-endian floats in C order");
        }
        boolean isFloat64 = type.group(1).equals("8");
        npy.position(10 + header);
        double[] values = new double[npy.remaining() / (isFloat64 ? 8 : 4)];
        for (int i = 0; i < values.length; i++) {
            values[i] = isFloat64 ? npy.getDouble() : npy.getFloat();
        }
        return values;
    }
}
