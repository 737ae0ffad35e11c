package dev.gnserve.volume;

import dev.gnserve.image.Cancellation;
import dev.gnserve.image.NpyHeader;
import dev.gnserve.image.UnsupportedImageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An array of NumPy as a volume: [z, y, x], [channels, z, y, x] or [z, y, x, channels], also behind a batch axis of 1, in C or Fortran
 * order.
 */
final class NpyVolume implements VolumeFile.Source {

    private static final int MOST_BYTES = Integer.MAX_VALUE - (1 << 17);

    private final Bytes bytes;
    private final NpyHeader header;
    private final long count;

    /** Whether reading makes a copy of the array. */
    private final boolean copied;

    private final VolumeShape shape;

    /** Steps in the file, in values: channels, z, y, x. */
    private final int[] steps;

    /** Gives the file with the array. */
    private interface Bytes {

        byte[] get(Cancellation cancellation) throws IOException;
    }

    private NpyVolume(Bytes bytes, boolean copied, NpyHeader header, long count, VolumeShape shape, int[] steps) {
        this.copied = copied;
        this.bytes = bytes;
        this.header = header;
        this.count = count;
        this.shape = shape;
        this.steps = steps;
    }

    /** An array alone. */
    static NpyVolume of(byte[] bytes, int channels) throws IOException {
        NpyVolume volume = of(cancellation -> bytes, false, NpyHeader.read(bytes), channels);
        volume.header.requireValues(bytes, volume.count);
        return volume;
    }

    /**
     * An array of a file with several. Its values are taken out of the file when they are read.
     *
     * @param array its name; null for the only one
     */
    static NpyVolume ofArchive(byte[] bytes, @Nullable String array, int channels) throws IOException {
        NpzFile file = NpzFile.choose(bytes, array);
        NpyHeader header = file.header();
        long values = Arrays.stream(header.shape()).reduce(1, (one, other) -> one * other);
        int size = (int) (header.from() + values * header.bytes()); // Below 2 GB, or the shape is refused.
        return of(cancellation -> file.array(size, cancellation), true, header, channels);
    }

    private static NpyVolume of(Bytes bytes, boolean copied, NpyHeader header, int channels) throws IOException {
        long[] sizes = header.shape();
        long count = 1;
        for (long size : sizes) {
            if (size < 1 || size > Integer.MAX_VALUE || count * size > Integer.MAX_VALUE) {
                throw new UnsupportedImageException("its shape is %s; an axis is empty, or there are too many values"
                        .formatted(Arrays.toString(sizes)));
            }
            count *= size;
        }
        if (count * header.bytes() > MOST_BYTES) {
            throw new UnsupportedImageException("its shape is %s with %d bytes for a value; at most %,d bytes are read"
                    .formatted(Arrays.toString(sizes), header.bytes(), MOST_BYTES));
        }
        int batch = sizes.length == 5 && sizes[0] == 1 ? 1 : 0;
        int rank = sizes.length - batch;
        boolean first = rank == 4 && sizes[batch] == channels;
        boolean last = rank == 4 && sizes[batch + 3] == channels;
        if (rank != 3 && first == last && !(first && channels == 1)) {
            throw new UnsupportedImageException(
                    ("its shape is %s, and the model takes %d channels: send [z, y, x], or four axes of which either the first or"
                                    + " the last has the channels")
                            .formatted(Arrays.toString(sizes), channels));
        }
        int z = first ? batch + 1 : batch;
        int[] steps = new int[sizes.length];
        int step = 1;
        for (int i = 0; i < sizes.length; i++) {
            int axis = header.fortranOrder() ? i : sizes.length - 1 - i;
            steps[axis] = step;
            step *= (int) sizes[axis];
        }
        int channel = rank == 3 ? -1 : first ? batch : batch + 3;
        VolumeShape shape = new VolumeShape(
                channel < 0 ? 1 : (int) sizes[channel], (int) sizes[z], (int) sizes[z + 1], (int) sizes[z + 2]);
        return new NpyVolume(bytes, copied, header, count, shape, new int[] {
            channel < 0 ? 0 : steps[channel], steps[z], steps[z + 1], steps[z + 2]
        });
    }

    @Override
    public VolumeShape shape() {
        return shape;
    }

    @Override
    public Geometry geometry() {
        return Geometry.UNKNOWN;
    }

    @Override
    public long readingBytes() {
        return copied ? header.from() + count * header.bytes() : 0;
    }

    @Override
    public void read(float[] into, Cancellation cancellation) throws IOException {
        ByteBuffer values = header.values(bytes.get(cancellation));
        int out = 0;
        for (int c = 0; c < shape.channels(); c++) {
            for (int z = 0; z < shape.depth(); z++) {
                cancellation.throwIfCancelled();
                for (int y = 0; y < shape.height(); y++) {
                    int at = c * steps[0] + z * steps[1] + y * steps[2];
                    for (int x = 0; x < shape.width(); x++, at += steps[3]) {
                        into[out++] = header.number(values, at);
                    }
                }
            }
        }
    }
}
