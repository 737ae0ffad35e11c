package dev.gnserve.numpy;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The arrays of a NumPy {@code .npz} archive: float32, float64, int64, uint8 and bool, little-endian. */
public final class Npz {

    private static final Pattern HEADER =
            Pattern.compile("'descr': '[<|](f4|f8|i8|u1|b1)', 'fortran_order': (False|True), 'shape': \\(([^)]*)\\)");

    private final Map<String, TensorShape> shapes = new HashMap<>();
    private final Map<String, double[]> values = new HashMap<>();
    private final Map<String, Tensor> exact = new HashMap<>();

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

    /** Names of all arrays. */
    public Set<String> names() {
        return Set.copyOf(shapes.keySet());
    }

    public boolean has(String name) {
        return values.containsKey(name);
    }

    public TensorShape shape(String name) {
        return Objects.requireNonNull(shapes.get(name), name);
    }

    /** An array with its own type. */
    public Tensor anyTensor(String name) {
        return Objects.requireNonNull(exact.get(name), name);
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
                case "u1", "b1" -> buffer.get(start + place) & 0xff;
                default -> buffer.getLong(start + 8 * place);
            };
        }
        shapes.put(name, TensorShape.of(shape));
        values.put(name, array);
        byte[] raw = Arrays.copyOfRange(npy, start, npy.length);
        exact.put(
                name,
                switch (matcher.group(1)) {
                    case "f8" -> new RawTensor(ElementType.FP64, TensorShape.of(shape), raw);
                    case "i8" -> new RawTensor(ElementType.INT64, TensorShape.of(shape), raw);
                    case "u1" -> new RawTensor(ElementType.UINT8, TensorShape.of(shape), raw);
                    case "b1" -> new RawTensor(ElementType.BOOL, TensorShape.of(shape), raw);
                    default -> tensor(name);
                });
    }
}
