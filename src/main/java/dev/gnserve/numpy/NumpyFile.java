package dev.gnserve.numpy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.passthrough.PassthroughNDManager;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.ZipInputStream;

/**
 * A float32 array of a {@code .npy} file.
 *
 * @param shape the sizes of the axes
 * @param values row-major; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // A copy would cost megabytes.
public record NumpyFile(long[] shape, float[] values) {

    /**
     * Reads a {@code .npy} file.
     *
     * @throws IOException if the file does not exist or is not a float32 array; the message says what to do
     */
    public static NumpyFile read(Path npy) throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(npy);
        } catch (NoSuchFileException e) {
            throw new IOException(npy + " does not exist", e);
        }
        if (bytes.length == 0 || (bytes[0] & 0xFF) != 0x93) {
            throw new IOException(npy + " is not a .npy file: write it with numpy.save");
        }
        try (NDManager arrays = PassthroughNDManager.INSTANCE.newSubManager()) {
            NDArray array =
                    NDList.decode(arrays, new ByteArrayInputStream(bytes)).singletonOrThrow();
            if (array.getDataType() != DataType.FLOAT32) {
                throw new IOException(npy + " has values of type " + array.getDataType()
                        + ", expected is float32: convert it with .astype(numpy.float32)");
            }
            return new NumpyFile(array.getShape().getShape(), array.toFloatArray());
        } catch (RuntimeException e) {
            throw new IOException(
                    npy + " cannot be read as a little-endian array in C order (numpy.ascontiguousarray): "
                            + e.getMessage(),
                    e);
        }
    }

    /** Writes a {@code .npy} file. */
    public void write(Path npy) throws IOException {
        try (NDManager arrays = PassthroughNDManager.INSTANCE.newSubManager();
                ZipInputStream archive = new ZipInputStream(new ByteArrayInputStream(
                        encode(arrays.create(FloatBuffer.wrap(values), new Shape(shape), DataType.FLOAT32))))) {
            // DJL writes archives only. The entry of an archive is a .npy file.
            archive.getNextEntry();
            save(npy, archive.readAllBytes());
        }
    }

    /**
     * Writes a {@code .npz} archive of float64 arrays.
     *
     * @param shape the shape of each array
     * @param named the arrays by name
     */
    public static void writeArchive(Path npz, long[] shape, Map<String, double[]> named) throws IOException {
        try (NDManager arrays = PassthroughNDManager.INSTANCE.newSubManager()) {
            NDArray[] list = named.entrySet().stream()
                    .map(entry -> {
                        NDArray array =
                                arrays.create(DoubleBuffer.wrap(entry.getValue()), new Shape(shape), DataType.FLOAT64);
                        array.setName(entry.getKey());
                        return array;
                    })
                    .toArray(NDArray[]::new);
            save(npz, encode(list));
        }
    }

    private static void save(Path file, byte[] bytes) throws IOException {
        try {
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new IOException(file + " cannot be written: " + e, e);
        }
    }

    private static byte[] encode(NDArray... arrays) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new NDList(arrays).encode(out, NDList.Encoding.NPZ);
        return out.toByteArray();
    }

    @Override
    public String toString() {
        return "float32" + Arrays.toString(shape);
    }
}
