package dev.gnserve.numpy;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The arrays of a NumPy {@code .npz} archive: float32, float64 and int64, little-endian. */
public final class Npz {

    private static final Pattern HEADER =
            Pattern.compile("'descr': '<(f4|f8|i8)', 'fortran_order': (False|True), 'shape': \\(([^)]*)\\)");

    private final Map<String, TensorShape> shapes = new HashMap<>();
    private final Map<String, double[]> values = new HashMap<>();

    private Npz() {}

    public static Npz read(byte[] npz) {
        Npz arrays = new Npz();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(npz))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                arrays.add(entry.getName().replace(".npy", ""), zip.readAllBytes());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return arrays;
    }

    public double[] doubles(String name) {
        return Objects.requireNonNull(values.get(name), name);
    }

    public float[] floats(String name) {
        double[] doubles = doubles(name);
        float[] floats = new float[doubles.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) doubles[i];
        }
        return floats;
    }

    public FloatTensor tensor(String name) {
        return new FloatTensor(Objects.requireNonNull(shapes.get(name), name), floats(name));
    }

    /** Version 1 of the format: magic and version in 8 bytes, the length of the header in 2, the header, the values. */
    private void add(String name, byte[] npy) {
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
        double[] array = new double[TensorShape.of(shape).elements()];
        int start = 10 + headerLength;
        for (int i = 0; i < array.length; i++) {
            // Column-major arrays are of rank 2 here.
            int place = matcher.group(2).equals("True") ? i % shape[1] * shape[0] + i / shape[1] : i;
            array[i] = switch (matcher.group(1)) {
                case "f4" -> buffer.getFloat(start + 4 * place);
                case "f8" -> buffer.getDouble(start + 8 * place);
                default -> buffer.getLong(start + 8 * place);
            };
        }
        shapes.put(name, TensorShape.of(shape));
        values.put(name, array);
    }
}
