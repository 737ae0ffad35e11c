package dev.gnserve.volume;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/**
 * A file with values for every voxel of a volume: an array of NumPy, a TIFF stack, or NIfTI-1 in the space of the volume. All of them hold
 * the values little-endian, in the order components, z, y, x; a TIFF stack in the order z, components, y, x, because ImageJ and tifffile
 * read its planes one behind the other, whatever its directories say. Not thread-safe.
 */
public final class ArrayFile {

    /** The formats that are written. */
    public enum Format {
        TIFF,
        NIFTI,
        NPY
    }

    /** The types of values. */
    public enum Type {
        UINT8(1, "|u1", 2),
        UINT16(2, "<u2", 512),
        UINT32(4, "<u4", 768),
        FLOAT32(4, "<f4", 16);

        private final int bytes;
        private final String numpy;
        private final int nifti;

        Type(int bytes, String numpy, int nifti) {
            this.bytes = bytes;
            this.numpy = numpy;
            this.nifti = nifti;
        }

        public int bytes() {
            return bytes;
        }
    }

    private static final int NIFTI_DATA = 352;
    private static final int TIFF_HEADER = 8;
    private static final int TAGS = 13;
    private static final int DIRECTORY = 2 + 12 * TAGS + 4;

    /** Of an array of Java, with room for headers and texts. */
    private static final int MOST_BYTES = Integer.MAX_VALUE - (1 << 16);

    private static final long MOST_UNSIGNED = 0xFFFFFFFFL;
    private static final String NANOMETER = "nanometer";

    private final Format format;
    private final Type type;
    private final int components;
    private final VolumeShape shape;
    private final Geometry geometry;
    private final int before;
    private final ByteBuffer file;

    /**
     * Takes memory for the whole file, all values 0.
     *
     * @param components values of a voxel
     * @param shape of the volume; its channels do not count
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST if a file of the format cannot have the size
     */
    public ArrayFile(Format format, Type type, int components, VolumeShape shape, Geometry geometry) {
        if (format == Format.NIFTI
                && Math.max(shape.depth(), Math.max(shape.height(), shape.width())) > Short.MAX_VALUE) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "a NIfTI-1 file has sides of up to 32,767 voxels, and the volume is %s: ask for format=npy"
                                    .formatted(shape))
                    .asException();
        }
        if (bytes(type, components, shape) + (long) DIRECTORY * components * shape.depth() > MOST_BYTES) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "the answer would have more than 2 GB: %d values of each voxel of a volume of %s. Ask for labels or objects, or send a part of the volume"
                                    .formatted(components, shape))
                    .asException();
        }
        this.format = format;
        this.type = type;
        this.components = components;
        this.shape = shape;
        this.geometry = geometry;
        byte[] start =
                format == Format.NPY ? numpyHeader() : new byte[format == Format.TIFF ? TIFF_HEADER : NIFTI_DATA];
        this.before = start.length;
        byte[] end = format == Format.TIFF ? tiffDirectories() : new byte[0];
        byte[] bytes = new byte[Math.toIntExact(before + dataBytes() + end.length)];
        System.arraycopy(start, 0, bytes, 0, start.length);
        System.arraycopy(end, 0, bytes, bytes.length - end.length, end.length);
        this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (format == Format.TIFF) {
            file.putShort(0, (short) 0x4949).putShort(2, (short) 42).putInt(4, (int) (before + dataBytes()));
        } else if (format == Format.NIFTI) {
            writeNiftiHeader();
        }
    }

    private long dataBytes() {
        return bytes(type, components, shape);
    }

    /** Bytes of the values. */
    public static long bytes(Type type, int components, VolumeShape shape) {
        return (long) type.bytes * components * shape.voxels();
    }

    /** Sets a value at a place in the order z, y, x. */
    public void set(int component, int place, double value) {
        int at = before + (int) index(component, place) * type.bytes;
        switch (type) {
            case UINT8 -> file.put(at, (byte) value);
            case UINT16 -> file.putShort(at, (short) (int) value);
            case UINT32 -> file.putInt(at, (int) (long) value);
            case FLOAT32 -> file.putFloat(at, (float) value);
        }
    }

    private long index(int component, int place) {
        if (format != Format.TIFF || components == 1) {
            return component * shape.voxels() + place;
        }
        int plane = shape.height() * shape.width();
        return ((long) (place / plane) * components + component) * plane + place % plane;
    }

    /** The file; NIfTI compressed with gzip. */
    public byte[] bytes() {
        if (format != Format.NIFTI) {
            return file.array();
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out, 1 << 16) {
            {
                def.setLevel(Deflater.BEST_SPEED);
            }
        }) {
            gzip.write(file.array());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** NEP 1, version 1: its length with the prefix is a multiple of 64. */
    private byte[] numpyHeader() {
        String sizes = (components == 1 ? "" : components + ", ") + shape.depth() + ", " + shape.height() + ", "
                + shape.width();
        String text = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }".formatted(type.numpy, sizes);
        int length = (10 + text.length() + 1 + 63) / 64 * 64 - 10;
        ByteBuffer header = ByteBuffer.allocate(10 + length).order(ByteOrder.LITTLE_ENDIAN);
        header.put((byte) 0x93)
                .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                .put((byte) 1)
                .put((byte) 0);
        header.putShort((short) length);
        header.put((text + " ".repeat(length - text.length() - 1) + "\n").getBytes(StandardCharsets.US_ASCII));
        return header.array();
    }

    private void writeNiftiHeader() {
        file.putInt(0, 348).put(38, (byte) 'r');
        int[] sizes = {components == 1 ? 3 : 4, shape.width(), shape.height(), shape.depth(), components, 1, 1, 1};
        for (int i = 0; i < sizes.length; i++) {
            file.putShort(40 + 2 * i, (short) sizes[i]);
        }
        file.putShort(70, (short) type.nifti).putShort(72, (short) (8 * type.bytes));
        List<Double> spacing = geometry.spacing();
        NiftiSpace space = geometry.space();
        if (space != null) {
            space.write(file);
        } else {
            file.putFloat(76, 1);
            for (int i = 0; i < 3; i++) {
                file.putFloat(80 + 4 * i, spacing == null ? 1 : (float) (spacing.get(2 - i) / niftiDivisor()));
            }
            String unit = spacing == null || geometry.unit() == null ? "" : geometry.unit();
            file.put(123, (byte)
                    switch (unit) {
                        case "meter" -> 1;
                        case "millimeter" -> 2;
                        case "micrometer", NANOMETER -> 3;
                        default -> 0;
                    });
        }
        file.putFloat(92, 1).putFloat(108, NIFTI_DATA).putFloat(112, 1);
        file.put(344, (byte) 'n').put(345, (byte) '+').put(346, (byte) '1');
    }

    /** NIfTI has no nanometers: they become micrometers. */
    private double niftiDivisor() {
        return NANOMETER.equals(geometry.unit()) ? 1000 : 1;
    }

    /** One directory for each plane; ImageJ has the channels of a plane next to each other. */
    private byte[] tiffDirectories() {
        int pages = components * shape.depth();
        byte[] description = description().getBytes(StandardCharsets.UTF_8);
        int texts = (description.length + 2) / 2 * 2 + 16;
        long from = TIFF_HEADER + dataBytes();
        long behind = from + (long) pages * DIRECTORY;
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact((long) pages * DIRECTORY + texts))
                .order(ByteOrder.LITTLE_ENDIAN);
        long plane = (long) shape.height() * shape.width() * type.bytes;
        for (int page = 0; page < pages; page++) {
            out.putShort((short) TAGS);
            tag(out, 256, 4, 1, shape.width());
            tag(out, 257, 4, 1, shape.height());
            tag(out, 258, 3, 1, 8L * type.bytes);
            tag(out, 259, 3, 1, 1);
            tag(out, 262, 3, 1, 1);
            tag(out, 270, 2, page == 0 ? description.length + 1L : 1, page == 0 ? behind + 16 : 0);
            tag(out, 273, 4, 1, TIFF_HEADER + page * plane);
            tag(out, 277, 3, 1, 1);
            tag(out, 278, 4, 1, shape.height());
            tag(out, 279, 4, 1, plane);
            tag(out, 282, 5, 1, behind);
            tag(out, 283, 5, 1, behind + 8);
            tag(out, 339, 3, 1, type == Type.FLOAT32 ? 3 : 1);
            out.putInt(page + 1 == pages ? 0 : (int) (from + (long) (page + 1) * DIRECTORY));
        }
        List<Double> spacing = geometry.spacing();
        for (int axis = 2; axis > 0; axis--) {
            resolution(out, spacing == null ? 1 : spacing.get(axis));
        }
        out.put(description);
        return out.array();
    }

    /** Pixels in a unit, as the ratio of two unsigned numbers of 32 bits, the larger one with six digits or more. */
    private static void resolution(ByteBuffer out, double spacing) {
        double larger = Math.max(spacing, 1 / spacing);
        long scale = 1_000_000;
        while (scale > 1 && larger * scale > MOST_UNSIGNED) {
            scale /= 10;
        }
        long rounded = Math.min(MOST_UNSIGNED, Math.round(larger * scale));
        out.putInt((int) (spacing < 1 ? rounded : scale)).putInt((int) (spacing < 1 ? scale : rounded));
    }

    private static void tag(ByteBuffer out, int tag, int type, long count, long value) {
        out.putShort((short) tag).putShort((short) type).putInt((int) count);
        if (type == 3) {
            out.putShort((short) value).putShort((short) 0);
        } else {
            out.putInt((int) value);
        }
    }

    private String description() {
        StringBuilder text = new StringBuilder("ImageJ=1.11a\nimages=" + components * shape.depth() + "\n");
        if (components > 1) {
            text.append("channels=").append(components).append("\n");
        }
        text.append("slices=").append(shape.depth()).append("\nhyperstack=true\nmode=grayscale\n");
        List<Double> spacing = geometry.spacing();
        if (spacing != null && geometry.unit() != null) {
            String unit = geometry.unit().equals("micrometer")
                    ? "um"
                    : geometry.unit().equals("millimeter") ? "mm" : geometry.unit();
            text.append(String.format(Locale.ROOT, "unit=%s%nspacing=%s%n", unit, spacing.get(0))
                    .replace("\r", ""));
        }
        return text.toString();
    }
}
