package dev.gnserve.volume;

import dev.gnserve.image.Cancellation;
import dev.gnserve.image.CorruptImageException;
import dev.gnserve.image.UnsupportedImageException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A NIfTI-1 file (nifti1.h), plain or compressed with gzip. Its data in the order x, y, z are planes from z = 0, as they are stored:
 * nothing is turned.
 *
 * <p>A fourth or fifth axis has the channels if the model takes as many and more than one; a time axis is refused.
 */
final class NiftiVolume implements VolumeFile.Source {

    private static final int HEADER = 348;
    private static final int HEADER_OF_NIFTI_2 = 540;
    private static final int DATA = 352;

    /** Extensions before the data that are longer are none; skipping them takes time. */
    private static final int MOST_EXTENSIONS = 1 << 24;

    /** Bytes behind the data that are read, so that the checksum of gzip is compared. */
    private static final int MOST_BEHIND = 1 << 16;

    private final byte[] bytes;
    private final ByteOrder order;
    private final VolumeShape shape;
    private final Geometry geometry;
    private final Type type;
    private final int offset;
    private final double slope;
    private final double intercept;

    /** The types of values by their codes. */
    private enum Type {
        UINT8(2, 1),
        INT16(4, 2),
        INT32(8, 4),
        FLOAT32(16, 4),
        FLOAT64(64, 8),
        INT8(256, 1),
        UINT16(512, 2),
        UINT32(768, 4),
        INT64(1024, 8),
        UINT64(1280, 8);

        private final int code;
        private final int bytes;

        Type(int code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }

        double value(ByteBuffer data, int at) {
            return switch (this) {
                case UINT8 -> data.get(at) & 0xFF;
                case INT8 -> data.get(at);
                case INT16 -> data.getShort(at);
                case UINT16 -> data.getShort(at) & 0xFFFF;
                case INT32 -> data.getInt(at);
                case UINT32 -> Integer.toUnsignedLong(data.getInt(at));
                case FLOAT32 -> data.getFloat(at);
                case FLOAT64 -> data.getDouble(at);
                case INT64 -> data.getLong(at);
                case UINT64 -> data.getLong(at) < 0 ? data.getLong(at) + 0x1p64 : data.getLong(at);
            };
        }
    }

    private NiftiVolume(byte[] bytes, ByteBuffer header, int channels) throws IOException {
        this.bytes = bytes;
        this.order = header.order();
        this.shape = shape(header, channels);
        int code = header.getShort(70);
        this.type = Arrays.stream(Type.values())
                .filter(known -> known.code == code)
                .findFirst()
                .orElseThrow(() -> new UnsupportedImageException(
                        "its datatype is %d; integers and floating-point numbers of 8 to 64 bits are read, but no colours and no complex numbers"
                                .formatted(code)));
        float place = header.getFloat(108);
        if (place != 0 && (!(place >= DATA && place <= MOST_EXTENSIONS) || place != (int) place)) {
            throw new CorruptImageException("its data begins at byte " + place);
        }
        this.offset = place == 0 ? DATA : (int) place;
        float given = header.getFloat(112);
        float added = header.getFloat(116);
        boolean scaled = given != 0 && Float.isFinite(given); // As in nifti1.h, and as nibabel reads it.
        if (scaled && !Float.isFinite(added)) {
            throw new UnsupportedImageException(
                    "its scl_slope is %s and its scl_inter %s; set scl_inter to a number".formatted(given, added));
        }
        this.slope = scaled ? given : 1;
        this.intercept = scaled ? added : 0;
        NiftiSpace space = NiftiSpace.read(header);
        double[] spacing = space.spacing();
        boolean known = Arrays.stream(spacing).allMatch(step -> step > 0 && Double.isFinite(step));
        this.geometry = new Geometry(
                known ? List.of(spacing[2], spacing[1], spacing[0]) : null, known ? space.unit() : null, space);
    }

    static boolean isOf(byte[] bytes) {
        return isGzip(bytes) || (bytes.length >= 4 && isSize(ByteBuffer.wrap(bytes)));
    }

    private static boolean isSize(ByteBuffer start) {
        int size = start.getInt(0);
        return isSize(size) || isSize(Integer.reverseBytes(size));
    }

    private static boolean isSize(int size) {
        return size == HEADER || size == HEADER_OF_NIFTI_2;
    }

    private static boolean isGzip(byte[] bytes) {
        return bytes.length > 2 && (bytes[0] & 0xFF) == 0x1F && (bytes[1] & 0xFF) == 0x8B;
    }

    static NiftiVolume of(byte[] bytes, int channels) throws IOException {
        byte[] start;
        try (InputStream in = stream(bytes)) {
            start = in.readNBytes(HEADER);
        }
        if (start.length < HEADER || !isSize(ByteBuffer.wrap(start))) {
            throw isGzip(bytes) && start.length >= 4 && !isSize(ByteBuffer.wrap(start))
                    ? new UnsupportedImageException("it is compressed with gzip and holds no NIfTI file; send .nii.gz")
                    : new CorruptImageException("it ends in its header");
        }
        ByteBuffer header = ByteBuffer.wrap(start);
        header.order(isSize(header.getInt(0)) ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        if (header.getInt(0) == HEADER_OF_NIFTI_2) {
            throw new UnsupportedImageException("it is NIfTI-2; save it as NIfTI-1");
        }
        if (start[344] == 'n' && start[345] == 'i' && start[346] == '1') {
            throw new UnsupportedImageException(
                    "it is the header of a pair of files (.hdr, .img); save it as one file (.nii)");
        }
        if (start[344] != 'n' || start[345] != '+' || start[346] != '1') {
            throw new UnsupportedImageException(
                    "it has no mark of NIfTI-1, as Analyze 7.5 files; save it as NIfTI-1 (.nii)");
        }
        return new NiftiVolume(bytes, header, channels);
    }

    private static InputStream stream(byte[] bytes) throws IOException {
        InputStream plain = new ByteArrayInputStream(bytes);
        return isGzip(bytes) ? new GZIPInputStream(plain, 1 << 16) : plain;
    }

    private static VolumeShape shape(ByteBuffer header, int channels) throws IOException {
        int rank = header.getShort(40);
        int[] sizes = new int[8];
        Arrays.fill(sizes, 1);
        for (int i = 1; i <= Math.min(rank, 7); i++) {
            sizes[i] = header.getShort(40 + 2 * i);
        }
        if (rank < 1 || rank > 7 || Arrays.stream(sizes).anyMatch(size -> size < 1)) {
            throw new CorruptImageException("its dim is %d: %s".formatted(rank, Arrays.toString(sizes)));
        }
        int more = sizes[4] == 1 ? 5 : 4;
        long values = 1;
        for (int axis = 4; axis < 8; axis++) {
            values *= sizes[axis];
        }
        if (values > 1 && (values != sizes[more] || values != channels)) {
            throw new UnsupportedImageException(
                    ("its axes after x, y, z have the sizes %s, and the model takes %d channel%s: send one point of time"
                                    + " (with nibabel: img.slicer[..., 0]), or a fourth axis with the channels of the model")
                            .formatted(
                                    Arrays.toString(Arrays.copyOfRange(sizes, 4, rank + 1)),
                                    channels,
                                    channels == 1 ? "" : "s"));
        }
        return new VolumeShape(sizes[more], sizes[3], sizes[2], sizes[1]);
    }

    @Override
    public VolumeShape shape() {
        return shape;
    }

    @Override
    public Geometry geometry() {
        return geometry;
    }

    @Override
    public void read(float[] into, Cancellation cancellation) throws IOException {
        byte[] row = new byte[shape.width() * type.bytes];
        ByteBuffer data = ByteBuffer.wrap(row).order(order);
        int out = 0;
        @Nullable EOFException ended = null;
        try (InputStream in = stream(bytes)) {
            in.skipNBytes(offset);
            while (out < into.length) {
                cancellation.throwIfCancelled();
                int read = in.readNBytes(row, 0, row.length);
                if (read < row.length) {
                    throw new EOFException();
                }
                for (int x = 0; x < shape.width(); x++) {
                    into[out++] = (float) (type.value(data, x * type.bytes) * slope + intercept);
                }
            }
            in.readNBytes(MOST_BEHIND);
        } catch (EOFException e) {
            ended = e;
        }
        if (ended != null && out < into.length) {
            throw new CorruptImageException("its data ends after %,d of %,d values".formatted(out, into.length));
        }
    }
}
