package dev.gnserve.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The first page of a TIFF file, as its directory describes it: checked, so that its pixels take memory and time in proportion to
 * their number (TIFF 6.0; BigTIFF).
 */
final class TiffPage {

    static final int WHITE_IS_ZERO = 0;
    static final int BLACK_IS_ZERO = 1;
    static final int RGB = 2;
    static final int PALETTE = 3;
    static final int CMYK = 5;
    static final int YCBCR = 6;
    static final int CIELAB = 8;

    private static final int WIDTH = 256;
    private static final int HEIGHT = 257;
    private static final int BITS_PER_SAMPLE = 258;
    private static final int COMPRESSION = 259;
    private static final int PHOTOMETRIC = 262;
    private static final int FILL_ORDER = 266;
    private static final int STRIP_OFFSETS = 273;
    private static final int SAMPLES_PER_PIXEL = 277;
    private static final int ROWS_PER_STRIP = 278;
    private static final int STRIP_BYTES = 279;
    private static final int PLANAR = 284;
    private static final int FAX3_OPTIONS = 292;
    private static final int FAX4_OPTIONS = 293;
    private static final int PREDICTOR = 317;
    private static final int COLORS = 320;
    private static final int TILE_WIDTH = 322;
    private static final int TILE_HEIGHT = 323;
    private static final int TILE_OFFSETS = 324;
    private static final int TILE_BYTES = 325;
    private static final int EXTRA_SAMPLES = 338;
    private static final int SAMPLE_FORMAT = 339;
    private static final int JPEG_TABLES = 347;
    private static final int OLD_JPEG = 513;
    private static final int OLD_JPEG_BYTES = 514;
    private static final int SUBSAMPLING = 530;
    private static final int POSITIONING = 531;

    private static final int NONE = 1;
    private static final int OLD_STYLE_JPEG = 6;
    private static final int JPEG = 7;

    private static final int[] PIXEL_TAGS = {
        WIDTH,
        HEIGHT,
        BITS_PER_SAMPLE,
        COMPRESSION,
        PHOTOMETRIC,
        FILL_ORDER,
        STRIP_OFFSETS,
        SAMPLES_PER_PIXEL,
        ROWS_PER_STRIP,
        STRIP_BYTES,
        PLANAR,
        FAX3_OPTIONS,
        FAX4_OPTIONS,
        PREDICTOR,
        COLORS,
        TILE_WIDTH,
        TILE_HEIGHT,
        TILE_OFFSETS,
        TILE_BYTES,
        EXTRA_SAMPLES,
        SAMPLE_FORMAT,
        SUBSAMPLING,
        POSITIONING
    };

    /** Compressions that are read. */
    private static final List<Integer> READ = List.of(NONE, 2, 3, 4, 5, OLD_STYLE_JPEG, JPEG, 8, 32_773, 32_946);

    private static final Map<Integer, String> NOT_READ = Map.of(
            33_003, "JPEG 2000",
            33_005, "JPEG 2000",
            34_712, "JPEG 2000",
            34_661, "JBIG",
            34_887, "LERC",
            34_892, "lossy JPEG of DNG",
            34_925, "LZMA",
            50_000, "ZSTD",
            50_001, "WebP",
            50_002, "JPEG XL");

    private static final int UNSIGNED = 1;
    private static final int UNDEFINED = 4;

    /** Gray, palette, RGB and CMYK, with up to two channels of alpha. */
    private static final int MOST_SAMPLES = 6;

    /** A tile of a small picture may be so much larger; otherwise all tiles have at most four times the pixels of the picture. */
    private static final long USUAL_TILE_PIXELS = 2048L * 2048;

    /** Beginning a strip takes as long as decoding some hundred pixels. */
    private static final int FREE_STRIPS = 4096;

    private static final int PIXELS_PER_STRIP = 64;

    private static final int JPEG_UNIT = 8;

    /** JPEG stores whole units of up to 32 x 32 pixels. */
    private static final long JPEG_PADDING = 32;

    private final byte[] file;
    private final TiffDirectory directory;
    private final int width;
    private final int height;
    private final int compression;
    private final int photometric;
    private final int samples;
    private final int bits;
    private final boolean planar;
    private final boolean tiled;
    private final int tileWidth;
    private final int tileHeight;
    private final long[] offsets;
    private final long[] lengths;

    private TiffPage(byte[] file, ImageLimits limits) throws IOException {
        this.file = file;
        this.directory = TiffDirectory.read(file, 0, file.length);
        long declaredWidth = directory.number(WIDTH, 0);
        long declaredHeight = directory.number(HEIGHT, 0);
        limits.check(ImageFormat.TIFF, declaredWidth, declaredHeight);
        this.width = (int) declaredWidth;
        this.height = (int) declaredHeight;
        this.compression = (int) directory.number(COMPRESSION, NONE);
        this.photometric = (int) directory.number(PHOTOMETRIC, BLACK_IS_ZERO);
        this.samples = (int) Math.min(Integer.MAX_VALUE, directory.number(SAMPLES_PER_PIXEL, 1));
        this.bits = sameOfAllSamples(BITS_PER_SAMPLE, 1, "bits per sample");
        this.planar = directory.number(PLANAR, 1) == 2 && samples > 1;
        this.tiled = directory.has(TILE_OFFSETS);
        checkSamples();
        long[] tile = tile();
        this.tileWidth = (int) tile[0];
        this.tileHeight = (int) tile[1];
        int strips = across() * down() * (planar ? samples : 1);
        checkNumber(strips);
        if (compression == OLD_STYLE_JPEG) {
            this.offsets = new long[] {directory.number(OLD_JPEG, 0)};
            this.lengths = new long[] {directory.number(OLD_JPEG_BYTES, 0)};
            if (offsets[0] <= 0 || offsets[0] >= file.length) {
                throw new UnsupportedImageException(
                        "its JPEG compression is the old style without a whole JPEG file in it; save it with LZW or deflate");
            }
            return;
        }
        this.offsets = directory.numbers(tiled ? TILE_OFFSETS : STRIP_OFFSETS, strips);
        this.lengths = directory.numbers(tiled ? TILE_BYTES : STRIP_BYTES, strips);
        checkBytes(strips);
    }

    /**
     * Reads the directory, and no pixels.
     *
     * @throws dev.gnserve.failure.FailureException IMAGE_TOO_LARGE
     */
    static TiffPage read(byte[] file, ImageLimits limits) throws IOException {
        return new TiffPage(file, limits);
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    int samples() {
        return samples;
    }

    int photometric() {
        return photometric;
    }

    boolean isPlanar() {
        return planar;
    }

    boolean isJpeg() {
        return compression == JPEG || compression == OLD_STYLE_JPEG;
    }

    /** Of a tile, or of a strip, which is as wide as the page. */
    int tileWidth() {
        return tileWidth;
    }

    int tileHeight() {
        return tileHeight;
    }

    int across() {
        return (width + tileWidth - 1) / tileWidth;
    }

    int down() {
        return (height + tileHeight - 1) / tileHeight;
    }

    Orientation orientation() {
        return ExifOrientation.of(directory);
    }

    /** What decoding takes: the decoder's raster, the samples made of it where they are others, a turned copy, and a tile. */
    DecodeCost cost() {
        int made = (samples < 3 && photometric != PALETTE ? 1 : 3) * (bits > 8 ? 2 : 1);
        double stored = bits < 8 && samples > 1 ? samples : samples * (bits > 8 ? 2 : bits / 8.0);
        boolean inPlace = bits == 8 && samples == made && photometric != PALETTE;
        long tile = (tileWidth + JPEG_PADDING) * (tileHeight + JPEG_PADDING) * samples;
        double perPixel = DecodeCost.perPixel(stored, made, inPlace, orientation());
        DecodeCost cost = DecodeCost.of((long) width * height, perPixel, 2L * file.length + (isJpeg() ? tile : 0));
        return isJpeg() ? cost.withNative(2 * tile) : cost;
    }

    private long paddedPixels() {
        return (long) across() * tileWidth * down() * tileHeight;
    }

    // ---- What is checked ----

    private int sameOfAllSamples(int tag, int usual, String what) throws IOException {
        long[] values = directory.numbers(tag, MOST_SAMPLES + 1);
        for (long value : values) {
            if (value != values[0]) {
                throw new UnsupportedImageException("its samples differ in their %s: %s; save it with the same for all"
                        .formatted(what, Arrays.toString(values)));
            }
        }
        return values.length == 0 ? usual : (int) values[0];
    }

    private void checkSamples() throws IOException {
        if (!READ.contains(compression)) {
            throw new UnsupportedImageException("TIFF compression %s is not read; save it with LZW or deflate"
                    .formatted(NOT_READ.getOrDefault(compression, "number " + compression)));
        }
        if (samples < 1 || samples > MOST_SAMPLES) {
            throw new UnsupportedImageException(
                    "it has %d samples per pixel; save it as gray, palette, RGB or CMYK".formatted(samples));
        }
        int format = sameOfAllSamples(SAMPLE_FORMAT, UNSIGNED, "sample format");
        boolean odd = samples == 1 && (bits == 10 || bits == 12 || bits == 14);
        boolean few = bits == 1 || bits == 2 || bits == 4 || bits == 8;
        if ((format != UNSIGNED && format != UNDEFINED) || !(few || odd || bits == 16)) {
            throw new UnsupportedImageException(
                    "its samples are %s of %d bits; save it with unsigned samples of 8 or 16 bits"
                            .formatted(
                                    format == 2
                                            ? "signed integers"
                                            : format == 3 ? "floating-point numbers" : "unsigned integers",
                                    bits));
        }
        boolean colors = switch (photometric) {
            case WHITE_IS_ZERO, BLACK_IS_ZERO -> samples <= 2;
            case RGB -> samples >= 3;
            case PALETTE -> few && samples == 1 && directory.count(COLORS) == 3L << bits;
            case CMYK -> samples >= 4 && bits >= 8;
            case YCBCR -> samples == 3 && bits == 8;
            case CIELAB -> samples == 3 && bits == 8;
            default -> false;
        };
        boolean jpegColors = bits == 8
                && (samples == 1 || (samples == 3 && photometric != CIELAB) || (samples == 4 && photometric == CMYK));
        boolean readable = isJpeg() ? jpegColors : !planar || photometric <= CMYK;
        if (!colors || !readable) {
            throw new UnsupportedImageException(
                    "its colours are of kind %d (tag 262) with %d samples of %d bits%s; save it as gray, palette, RGB or CMYK"
                            .formatted(photometric, samples, bits, planar ? " in planes" : ""));
        }
        if (directory.number(PREDICTOR, 1) > 2) {
            throw new UnsupportedImageException("its predictor is %d; save it with LZW or deflate and predictor 1 or 2"
                    .formatted(directory.number(PREDICTOR, 1)));
        }
    }

    private long[] tile() throws IOException {
        if (compression == OLD_STYLE_JPEG) {
            // One JPEG file for the whole page.
            return new long[] {width, height};
        }
        if (!tiled) {
            // Zero is written for "all rows", too.
            long rows = directory.number(ROWS_PER_STRIP, height);
            return new long[] {width, rows < 1 || rows > height ? height : rows};
        }
        long w = directory.number(TILE_WIDTH, 0);
        long h = directory.number(TILE_HEIGHT, 0);
        double padded = Math.ceil((double) width / w) * w * Math.ceil((double) height / h) * h;
        if (w < 1 || h < 1 || padded > Math.max(USUAL_TILE_PIXELS, 4.0 * width * height)) {
            throw new UnsupportedImageException(
                    "its tiles of %d x %d pixels are far larger than its %d x %d pixels; save it with smaller tiles"
                            .formatted(w, h, width, height));
        }
        return new long[] {w, h};
    }

    private void checkNumber(int strips) throws IOException {
        if (strips > FREE_STRIPS + (long) width * height / PIXELS_PER_STRIP) {
            throw new UnsupportedImageException("it has %d strips or tiles for %d x %d pixels; save it with larger ones"
                    .formatted(strips, width, height));
        }
        boolean whole = (down() == 1 || tileHeight % JPEG_UNIT == 0) && (across() == 1 || tileWidth % JPEG_UNIT == 0);
        if (compression == JPEG && !whole) {
            throw new UnsupportedImageException(
                    "it has JPEG strips or tiles of %d x %d pixels; save it with a multiple of 8 rows in a strip"
                            .formatted(tileWidth, tileHeight));
        }
    }

    /** Strips may be the same bytes, but not more in all than the file and its pixels have: reading them takes time. */
    private void checkBytes(int strips) throws IOException {
        if (offsets.length < strips) {
            throw new CorruptImageException("it has %d strips or tiles and needs %d".formatted(offsets.length, strips));
        }
        long sum = 0;
        for (int i = 0; i < strips; i++) {
            if (offsets[i] < 0 || offsets[i] >= file.length) {
                throw new CorruptImageException(
                        "its strip or tile %d begins at byte %d, behind its end".formatted(i, offsets[i]));
            }
            sum += length(i);
        }
        long pixelBytes = paddedPixels() * samples * bits / 8;
        if (compression != NONE && sum > file.length + pixelBytes) {
            throw new UnsupportedImageException(
                    "its strips or tiles share bytes: they have %d in all, more than the file and its pixels; save it again without that"
                            .formatted(sum));
        }
    }

    /** Up to the end of the file where the page does not say how long a strip is. */
    private long length(int strip) {
        long rest = file.length - offsets[strip];
        return strip < lengths.length && lengths[strip] > 0 ? Math.min(lengths[strip], rest) : rest;
    }

    // ---- What decoders take ----

    /** A strip or tile with JPEG compression, as a JPEG file. */
    byte[] jpeg(int strip) {
        if (compression == OLD_STYLE_JPEG) {
            return oldStyleJpeg();
        }
        byte[] tables = directory.bytes(JPEG_TABLES);
        int from = (int) offsets[strip];
        int length = (int) length(strip);
        ByteArrayOutputStream jpeg = new ByteArrayOutputStream(tables.length + length);
        if (tables.length < 4) {
            jpeg.write(file, from, length);
        } else {
            // Without the end marker of the tables and the begin marker of the strip.
            jpeg.write(tables, 0, tables.length - 2);
            jpeg.write(file, Math.min(from + 2, file.length), Math.max(0, length - 2));
        }
        return jpeg.toByteArray();
    }

    /** The file that the page of an older style refers to; some writers leave out its end. */
    private byte[] oldStyleJpeg() {
        int from = (int) offsets[0];
        byte[] jpeg = Arrays.copyOfRange(file, from, from + (int) length(0) + 2);
        jpeg[jpeg.length - 2] = (byte) 0xFF;
        jpeg[jpeg.length - 1] = (byte) 0xD9;
        return jpeg;
    }

    /**
     * The file with a directory of this page alone, and in it only what makes the pixels, as it was checked: decoders read every value
     * of every directory into objects, and convert colours by profiles.
     */
    byte[] bare() throws CorruptImageException {
        List<ByteBuffer> tags = new ArrayList<>();
        ByteArrayOutputStream values = new ByteArrayOutputStream();
        int valuesAt = file.length + (file.length & 1);
        for (int tag : PIXEL_TAGS) {
            long[] numbers = switch (tag) {
                case STRIP_OFFSETS, TILE_OFFSETS ->
                    directory.has(tag) && (tag == TILE_OFFSETS) == tiled ? offsets : new long[0];
                case STRIP_BYTES, TILE_BYTES ->
                    directory.has(tag) && (tag == TILE_BYTES) == tiled ? everyLength() : new long[0];
                case ROWS_PER_STRIP -> tiled ? new long[0] : new long[] {tileHeight};
                default -> directory.numbers(tag, tag == COLORS ? 3L << bits : MOST_SAMPLES);
            };
            if (numbers.length > 0) {
                tags.add(entry(tag, numbers, values, valuesAt));
            }
        }
        ByteBuffer bare = ByteBuffer.allocate(valuesAt + values.size() + 2 + 12 * tags.size() + 4)
                .order(directory.order());
        bare.put(file).putShort(2, (short) 42).putInt(4, valuesAt + values.size());
        bare.position(valuesAt).put(values.toByteArray()).putShort((short) tags.size());
        tags.forEach(bare::put);
        return bare.array();
    }

    private long[] everyLength() {
        long[] every = new long[offsets.length];
        for (int i = 0; i < every.length; i++) {
            every[i] = length(i);
        }
        return every;
    }

    /** A tag of 12 bytes, whose values go behind the others if they do not fit into it. */
    private ByteBuffer entry(int tag, long[] numbers, ByteArrayOutputStream values, int valuesAt) {
        boolean small = Arrays.stream(numbers).allMatch(n -> n <= 0xFFFF);
        ByteBuffer content = ByteBuffer.allocate(Math.max(4, numbers.length * (small ? 2 : 4)))
                .order(directory.order());
        for (long number : numbers) {
            if (small) {
                content.putShort((short) number);
            } else {
                content.putInt((int) number);
            }
        }
        ByteBuffer entry = ByteBuffer.allocate(12).order(directory.order());
        entry.putShort((short) tag).putShort((short) (small ? 3 : 4)).putInt(numbers.length);
        if (content.capacity() == 4) {
            entry.put(content.array());
        } else {
            entry.putInt(valuesAt + values.size());
            values.writeBytes(content.array());
        }
        return entry.flip();
    }
}
