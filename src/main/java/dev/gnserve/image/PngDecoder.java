package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Decodes PNG files (ISO/IEC 15948): all colour types, depths and the Adam7 interlace. Alpha and colour keys are left out.
 *
 * <p>The JDK's decoder ignores checksums, takes twice the image's memory and more than twice the time, and inflates text
 * chunks of any size; this one looks at nothing but the pixels and the orientation.
 */
final class PngDecoder {

    private static final int SIGNATURE_BYTES = 8;
    private static final int IHDR = 0x49484452;
    private static final int PLTE = 0x504C5445;
    private static final int IDAT = 0x49444154;
    private static final int IEND = 0x49454E44;
    private static final int EXIF = 0x65584966;

    private static final int GRAY = 0;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int GRAY_ALPHA = 4;
    private static final int RGB_ALPHA = 6;

    /** Deflate cannot make a byte stand for more. */
    private static final long MOST_INFLATION = 1032;

    private static final int[][] ADAM7 = {
        {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
    };
    private static final int[][] AT_ONCE = {{0, 0, 1, 1}};

    private final byte[] bytes;
    private final ByteBuffer file;
    private final List<ByteBuffer> data = new ArrayList<>();
    private int width;
    private int height;
    private int bits;
    private int colorType;
    private boolean interlaced;
    private byte @Nullable [] palette;
    private Orientation orientation = Orientation.UPRIGHT;

    private PngDecoder(byte[] bytes) {
        this.bytes = bytes;
        this.file = ByteBuffer.wrap(bytes);
    }

    static UprightImage decode(byte[] bytes, ImageLimits limits) throws IOException {
        PngDecoder decoder = new PngDecoder(bytes);
        decoder.readChunks(limits);
        return decoder.orientation.apply(decoder.readPixels());
    }

    /** Walks all chunks to the end, so that a truncated or altered file is known before it is decoded. */
    private void readChunks(ImageLimits limits) throws IOException {
        int at = SIGNATURE_BYTES;
        int type;
        do {
            if (at + 12 > bytes.length || at + 12L + Integer.toUnsignedLong(file.getInt(at)) > bytes.length) {
                throw new CorruptImageException("it ends before its IEND chunk");
            }
            int length = file.getInt(at);
            type = file.getInt(at + 4);
            if (at == SIGNATURE_BYTES) {
                readHeader(type, length, limits);
            }
            CRC32 crc = new CRC32();
            crc.update(bytes, at + 4, length + 4);
            if ((int) crc.getValue() != file.getInt(at + 8 + length)) {
                throw new CorruptImageException("the checksum of the chunk at byte %d is wrong".formatted(at));
            }
            switch (type) {
                case PLTE -> palette = Arrays.copyOfRange(bytes, at + 8, at + 8 + length);
                case IDAT -> data.add(ByteBuffer.wrap(bytes, at + 8, length));
                case EXIF -> orientation = ExifOrientation.read(bytes, at + 8, length);
                default -> {}
            }
            at += 12 + length;
        } while (type != IEND);
    }

    private void readHeader(int type, int length, ImageLimits limits) throws CorruptImageException {
        if (type != IHDR || length != 13) {
            throw new CorruptImageException("it does not begin with an IHDR chunk");
        }
        width = file.getInt(16);
        height = file.getInt(20);
        limits.check(ImageFormat.PNG, width, height);
        bits = bytes[24];
        colorType = bytes[25];
        interlaced = bytes[28] == 1;
        boolean legal = switch (colorType) {
            case GRAY -> bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
            case PALETTE -> bits == 1 || bits == 2 || bits == 4 || bits == 8;
            case RGB, GRAY_ALPHA, RGB_ALPHA -> bits == 8 || bits == 16;
            default -> false;
        };
        if (!legal || bytes[26] != 0 || bytes[27] != 0 || (bytes[28] & 0xFE) != 0) {
            throw new CorruptImageException(
                    "its header declares colour type %d with %d bits, compression %d, filter %d, interlace %d"
                            .formatted(colorType, bits, bytes[26], bytes[27], bytes[28]));
        }
    }

    private UprightImage readPixels() throws CorruptImageException {
        long compressed = data.stream().mapToLong(ByteBuffer::remaining).sum();
        if (compressed * MOST_INFLATION < (long) height * rowBytes(width)) {
            throw new CorruptImageException(
                    "%d bytes of image data cannot hold %d x %d pixels".formatted(compressed, width, height));
        }
        if (colorType == PALETTE && palette == null) {
            throw new CorruptImageException("it has no palette");
        }
        int channels =
                colorType == RGB || colorType == RGB_ALPHA || (colorType == PALETTE && !isGray(palette())) ? 3 : 1;
        int length = Math.multiplyExact(width * height, channels);
        Inflater inflater = new Inflater();
        try {
            if (bits == 16) {
                short[] samples = new short[length];
                readPasses(inflater, (row, x, count, step, y) -> put16(samples, channels, row, x, count, step, y));
                return UprightImage.of16Bit(width, height, channels, samples);
            }
            byte[] samples = new byte[length];
            byte[] values = values();
            readPasses(inflater, (row, x, count, step, y) -> {
                if (values.length > 0) {
                    putLookedUp(samples, channels, values, row, x, count, step, y);
                } else {
                    put8(samples, channels, row, x, count, step, y);
                }
            });
            return UprightImage.of8Bit(width, height, channels, samples);
        } catch (DataFormatException e) {
            throw new CorruptImageException("its compressed data is broken: " + e.getMessage());
        } finally {
            inflater.end();
        }
    }

    private interface Row {
        /** Takes one unfiltered row: pixel i belongs to column x + i * step of row y. */
        void accept(byte[] row, int x, int count, int step, int y);
    }

    private void readPasses(Inflater inflater, Row sink) throws DataFormatException, CorruptImageException {
        int next = 0;
        for (int[] pass : interlaced ? ADAM7 : AT_ONCE) {
            int count = (width - pass[0] + pass[2] - 1) / pass[2];
            if (count <= 0) {
                continue;
            }
            // The filter byte lies in front of both, so that the row above is there for the first row as well.
            byte[] row = new byte[1 + rowBytes(count)];
            byte[] above = new byte[row.length];
            for (int y = pass[1]; y < height; y += pass[3]) {
                for (int filled = 0; filled < row.length; ) {
                    if (inflater.needsInput() && next < data.size()) {
                        inflater.setInput(data.get(next++));
                    }
                    int got = inflater.inflate(row, filled, row.length - filled);
                    if (got == 0
                            && (inflater.finished()
                                    || inflater.needsDictionary()
                                    || (inflater.needsInput() && next == data.size()))) {
                        throw new CorruptImageException("its image data ends in row %d of %d".formatted(y, height));
                    }
                    filled += got;
                }
                unfilter(row, above, Math.max(1, samplesPerPixel() * bits / 8));
                sink.accept(row, pass[0], count, pass[2], y);
                byte[] spare = above;
                above = row;
                row = spare;
            }
        }
    }

    private static void unfilter(byte[] row, byte[] above, int distance) throws CorruptImageException {
        switch (row[0]) {
            case 0 -> {}
            case 1 -> {
                for (int i = 1 + distance; i < row.length; i++) {
                    row[i] += row[i - distance];
                }
            }
            case 2 -> {
                for (int i = 1; i < row.length; i++) {
                    row[i] += above[i];
                }
            }
            case 3 -> {
                for (int i = 1; i < row.length; i++) {
                    int left = i > distance ? row[i - distance] & 0xFF : 0;
                    row[i] += (byte) ((left + (above[i] & 0xFF)) >> 1);
                }
            }
            case 4 -> {
                for (int i = 1; i <= Math.min(distance, row.length - 1); i++) {
                    row[i] += above[i];
                }
                for (int i = 1 + distance; i < row.length; i++) {
                    row[i] += (byte) paeth(row[i - distance] & 0xFF, above[i] & 0xFF, above[i - distance] & 0xFF);
                }
            }
            default -> throw new CorruptImageException("a row has the unknown filter %d".formatted(row[0]));
        }
    }

    private static int paeth(int left, int above, int corner) {
        int toLeft = Math.abs(above - corner);
        int toAbove = Math.abs(left - corner);
        int toCorner = Math.abs(left + above - 2 * corner);
        if (toLeft <= toAbove && toLeft <= toCorner) {
            return left;
        }
        return toAbove <= toCorner ? above : corner;
    }

    private void put8(byte[] samples, int channels, byte[] row, int x, int count, int step, int y) {
        int perPixel = samplesPerPixel();
        int out = (y * width + x) * channels;
        if (perPixel == channels && step == 1) {
            System.arraycopy(row, 1, samples, out, count * channels);
            return;
        }
        for (int i = 0, in = 1; i < count; i++, in += perPixel, out += step * channels) {
            for (int c = 0; c < channels; c++) {
                samples[out + c] = row[in + c];
            }
        }
    }

    private void put16(short[] samples, int channels, byte[] row, int x, int count, int step, int y) {
        int perPixel = samplesPerPixel() * 2;
        int out = (y * width + x) * channels;
        for (int i = 0, in = 1; i < count; i++, in += perPixel, out += step * channels) {
            for (int c = 0; c < channels; c++) {
                samples[out + c] = (short) (row[in + 2 * c] << 8 | (row[in + 2 * c + 1] & 0xFF));
            }
        }
    }

    private void putLookedUp(
            byte[] samples, int channels, byte[] values, byte[] row, int x, int count, int step, int y) {
        int mask = (1 << bits) - 1;
        int out = (y * width + x) * channels;
        for (int i = 0; i < count; i++, out += step * channels) {
            int bit = i * bits;
            int index = row[1 + (bit >> 3)] >> (8 - bits - (bit & 7)) & mask;
            for (int c = 0; c < channels; c++) {
                samples[out + c] = values[index * 3 + c];
            }
        }
    }

    /** The colours that values stand for, three samples each; empty where samples stand for themselves. */
    private byte[] values() {
        if (colorType == PALETTE) {
            // An index beyond the palette is an error that all viewers show as black.
            return Arrays.copyOf(palette(), 3 * 256);
        }
        if (bits >= 8) {
            return new byte[0];
        }
        byte[] grays = new byte[3 << bits];
        for (int i = 0; i < grays.length; i++) {
            grays[i] = (byte) (i / 3 * 255 / ((1 << bits) - 1));
        }
        return grays;
    }

    private byte[] palette() {
        return palette == null ? new byte[0] : palette;
    }

    private static boolean isGray(byte[] colors) {
        for (int i = 0; i + 2 < colors.length; i += 3) {
            if (colors[i] != colors[i + 1] || colors[i + 1] != colors[i + 2]) {
                return false;
            }
        }
        return true;
    }

    private int samplesPerPixel() {
        return switch (colorType) {
            case RGB -> 3;
            case RGB_ALPHA -> 4;
            case GRAY_ALPHA -> 2;
            default -> 1;
        };
    }

    private int rowBytes(int pixels) {
        return (int) (((long) pixels * samplesPerPixel() * bits + 7) / 8);
    }
}
