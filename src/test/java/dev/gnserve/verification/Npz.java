package dev.gnserve.verification;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Reads the arrays of NumPy's .npz files: float32, and int64 as float32. */
public final class Npz {

    private static final Pattern HEADER =
            Pattern.compile("'descr': '(<f4|<i8)', 'fortran_order': (False|True), 'shape': \\(([^)]*)\\)");

    private Npz() {}

    public static Map<String, FloatTensor> read(byte[] npz) {
        Map<String, FloatTensor> arrays = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(npz))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                arrays.put(entry.getName().replace(".npy", ""), array(zip.readAllBytes()));
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return arrays;
    }

    private static FloatTensor array(byte[] npy) {
        ByteBuffer buffer = ByteBuffer.wrap(npy).order(ByteOrder.LITTLE_ENDIAN);
        int headerLength = buffer.getShort(8);
        String header = new String(npy, 10, headerLength, StandardCharsets.US_ASCII);
        Matcher matcher = HEADER.matcher(header);
        if (!matcher.find()) {
            throw new IllegalArgumentException(header);
        }
        int[] shape = Pattern.compile("\\d+")
                .matcher(matcher.group(3))
                .results()
                .mapToInt(size -> Integer.parseInt(size.group()))
                .toArray();
        float[] values = new float[TensorShape.of(shape).elements()];
        boolean integers = matcher.group(1).equals("<i8");
        int at = 10 + headerLength;
        for (int i = 0; i < values.length; i++) {
            // Column-major arrays are of rank 2 here.
            int place = matcher.group(2).equals("True") ? i % shape[1] * shape[0] + i / shape[1] : i;
            values[i] = integers ? buffer.getLong(at + 8 * place) : buffer.getFloat(at + 4 * place);
        }
        return new FloatTensor(TensorShape.of(shape), values);
    }
}
