package dev.gnserve.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads bitmaps of Windows and OS/2: palettes, runs, 16, 24 and 32 bits (BITMAPINFOHEADER and its kin). */
final class Bmp {

    private static final int FILE_HEADER_BYTES = 14;
    private static final int CORE_HEADER_BYTES = 12;
    private static final int LEAST_BYTES_WITH_COMPRESSION = 20;
    private static final int INFO_HEADER_BYTES = 40;
    private static final int OS2_HEADER_BYTES = 64;
    private static final int UNCOMPRESSED = 0;
    private static final int RLE8 = 1;
    private static final int RLE4 = 2;
    private static final int BIT_FIELDS = 3;
    private static final int BYTES_OF_MASKS = 12;
    private static final int ALPHA_BIT_FIELDS = 6;
    private static final int[] MASKS_OF_16_BITS = {0x7C00, 0x03E0, 0x001F};
    private static final int[] MASKS_OF_32_BITS = {0xFF0000, 0x00FF00, 0x0000FF};

    private final byte[] bytes;
    private final ByteBuffer file;
    private final int headerBytes;
    private final int width;
    private final int height;
    private final boolean fromTop;
    private final int bits;
    private final int compression;
    private final int pixelsAt;

    private Bmp(byte[] bytes, ImageLimits limits) throws IOException {
        this.bytes = bytes;
        this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.headerBytes = file.getInt(FILE_HEADER_BYTES);
        boolean core = headerBytes == CORE_HEADER_BYTES;
        long declaredWidth = core ? Short.toUnsignedInt(file.getShort(18)) : file.getInt(18);
        long declaredHeight = core ? Short.toUnsignedInt(file.getShort(20)) : file.getInt(22);
        limits.check(ImageFormat.BMP, declaredWidth, Math.abs(declaredHeight));
        this.width = (int) declaredWidth;
        this.height = (int) Math.abs(declaredHeight);
        this.fromTop = declaredHeight < 0;
        this.bits = file.getShort(core ? 24 : 28);
        this.compression = headerBytes < LEAST_BYTES_WITH_COMPRESSION ? UNCOMPRESSED : file.getInt(30);
        int declaredPlace = file.getInt(10);
        this.pixelsAt = declaredPlace == 0 ? behindPalette() : declaredPlace;
        boolean read = switch (compression) {
            case UNCOMPRESSED ->
                bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32;
            case RLE8 -> bits == 8;
            case RLE4 -> bits == 4;
            case BIT_FIELDS, ALPHA_BIT_FIELDS -> bits == 16 || bits == 32;
            default -> false;
        };
        if (!read) {
            throw new UnsupportedImageException(
                    "compression %s of samples of %d bits is not read in bitmaps; save it uncompressed or as PNG"
                            .formatted(compressionName(), bits));
        }
        if (pixelsAt < FILE_HEADER_BYTES || (!hasRuns() && pixelsAt + (long) rowBytes() * height > bytes.length)) {
            throw new CorruptImageException("it ends before its %d x %d pixels".formatted(width, height));
        }
    }

    /** Reads the header. */
    static Bmp read(byte[] bytes, ImageLimits limits) throws IOException {
        return new Bmp(bytes, limits);
    }

    /** What decoding takes: colours, and the indices of runs. */
    DecodeCost cost() {
        return DecodeCost.of(width, height, hasRuns() ? 4 : 3, 0);
    }

    private String compressionName() {
        boolean os2 = headerBytes == OS2_HEADER_BYTES;
        return switch (compression) {
            case UNCOMPRESSED -> "none";
            case RLE8 -> "RLE8";
            case RLE4 -> "RLE4";
            case BIT_FIELDS -> os2 ? "Huffman" : "by masks";
            case 4 -> os2 ? "RLE of 24 bits" : "JPEG";
            case 5 -> "PNG";
            case 11, 12, 13 -> "CMYK";
            default -> "number " + compression;
        };
    }

    private boolean hasRuns() {
        return compression == RLE8 || compression == RLE4;
    }

    /** Rows are whole words of 32 bits. */
    private int rowBytes() {
        return Math.toIntExact(((long) width * bits + 31) / 32 * 4);
    }

    UprightImage decode(DecodeWork work) throws CorruptImageException {
        return bits <= 8 ? indexed(work) : direct(work);
    }

    private UprightImage indexed(DecodeWork work) throws CorruptImageException {
        int[] colors = palette();
        boolean gray = true;
        for (int color : colors) {
            gray &= ((color >> 16) & 0xFF) == ((color >> 8) & 0xFF) && ((color >> 8) & 0xFF) == (color & 0xFF);
        }
        int channels = gray ? 1 : 3;
        byte[] runs = hasRuns() ? runs(work) : new byte[0];
        byte[] samples = new byte[width * height * channels];
        for (int y = 0; y < height; y++) {
            work.goOn();
            int row = hasRuns() ? y * width : rowAt(y);
            int out = y * width * channels;
            for (int x = 0; x < width; x++) {
                int index = hasRuns() ? runs[row + x] & 0xFF : index(row, x);
                // An index beyond the palette is black.
                int color = index < colors.length ? colors[index] : 0;
                if (!gray) {
                    samples[out++] = (byte) (color >> 16);
                    samples[out++] = (byte) (color >> 8);
                }
                samples[out++] = (byte) color;
            }
        }
        return UprightImage.of8Bit(width, height, channels, samples);
    }

    /** Where pixels are whose place is left out. */
    private int behindPalette() {
        boolean masks = headerBytes == INFO_HEADER_BYTES && compression == BIT_FIELDS;
        int more = bits <= 8 ? declaredColors() * colorBytes() : masks ? BYTES_OF_MASKS : 0;
        return FILE_HEADER_BYTES + headerBytes + more;
    }

    private int colorBytes() {
        return headerBytes == CORE_HEADER_BYTES ? 3 : 4;
    }

    private int declaredColors() {
        int declared = headerBytes >= INFO_HEADER_BYTES ? file.getInt(46) : 0;
        return declared <= 0 || declared > 1 << bits ? 1 << bits : declared;
    }

    private int[] palette() throws CorruptImageException {
        int size = colorBytes();
        int at = FILE_HEADER_BYTES + headerBytes;
        int colors = Math.min(declaredColors(), (pixelsAt - at) / size);
        if (colors < 1) {
            throw new CorruptImageException("it has no palette");
        }
        int[] palette = new int[colors];
        for (int i = 0; i < colors; i++) {
            int entry = at + i * size;
            palette[i] = (bytes[entry] & 0xFF) | ((bytes[entry + 1] & 0xFF) << 8) | ((bytes[entry + 2] & 0xFF) << 16);
        }
        return palette;
    }

    private int rowAt(int y) {
        return pixelsAt + (fromTop ? y : height - 1 - y) * rowBytes();
    }

    private int index(int row, int x) {
        int perByte = 8 / bits;
        int packed = bytes[row + x / perByte] & 0xFF;
        return (packed >> (8 - bits - x % perByte * bits)) & ((1 << bits) - 1);
    }

    /** The indices of pixels that are stored as runs; those that no run reaches are 0. */
    private byte[] runs(DecodeWork work) throws CorruptImageException {
        byte[] indices = new byte[width * height];
        int at = pixelsAt;
        int x = 0;
        int y = 0;
        while (y < height) {
            if (at + 2 > bytes.length) {
                if (x == width && y == height - 1) {
                    break; // All pixels are there; only the mark of the end is missing.
                }
                throw new CorruptImageException("it ends before its pixels");
            }
            work.goOnNowAndThen();
            int count = bytes[at] & 0xFF;
            int value = bytes[at + 1] & 0xFF;
            at += 2;
            if (count > 0) {
                for (int i = 0; i < count; i++) {
                    put(indices, x++, y, bits == 8 ? value : (i & 1) == 0 ? value >> 4 : value & 15);
                }
            } else if (value == 0) {
                x = 0;
                y++;
            } else if (value == 1) {
                break;
            } else if (value == 2) {
                x += file.get(at) & 0xFF;
                y += file.get(at + 1) & 0xFF;
                at += 2;
            } else {
                int length = bits == 8 ? value : (value + 1) / 2;
                for (int i = 0; i < value; i++) {
                    int stored = file.get(at + (bits == 8 ? i : i / 2)) & 0xFF;
                    put(indices, x++, y, bits == 8 ? stored : (i & 1) == 0 ? stored >> 4 : stored & 15);
                }
                at += length + (length & 1);
            }
        }
        return indices;
    }

    private void put(byte[] indices, int x, int y, int index) {
        if (x < width) {
            indices[(fromTop ? y : height - 1 - y) * width + x] = (byte) index;
        }
    }

    private UprightImage direct(DecodeWork work) {
        byte[] samples = new byte[width * height * 3];
        int[] masks = masks();
        for (int y = 0; y < height; y++) {
            work.goOn();
            int in = rowAt(y);
            int out = y * width * 3;
            for (int x = 0; x < width; x++, in += bits / 8, out += 3) {
                if (bits == 24) {
                    samples[out] = bytes[in + 2];
                    samples[out + 1] = bytes[in + 1];
                    samples[out + 2] = bytes[in];
                } else {
                    int pixel = bits == 16 ? file.getShort(in) : file.getInt(in);
                    for (int c = 0; c < 3; c++) {
                        samples[out + c] = sample(pixel, masks[c]);
                    }
                }
            }
        }
        return UprightImage.of8Bit(width, height, 3, samples);
    }

    /** Of red, green and blue; they follow the header, or are its last fields. */
    private int[] masks() {
        int at = FILE_HEADER_BYTES + INFO_HEADER_BYTES;
        return compression == UNCOMPRESSED
                ? bits == 16 ? MASKS_OF_16_BITS : MASKS_OF_32_BITS
                : new int[] {file.getInt(at), file.getInt(at + 4), file.getInt(at + 8)};
    }

    /** The bits of a mask as a number from 0 to 255, rounded as Pillow does. */
    private static byte sample(int pixel, int mask) {
        if (mask == 0) {
            return 0;
        }
        int shift = Integer.numberOfTrailingZeros(mask);
        long most = (mask >>> shift) & 0xFFFFFFFFL;
        long value = ((pixel & mask) >>> shift) & 0xFFFFFFFFL;
        return (byte) (value * 255 / most);
    }
}
