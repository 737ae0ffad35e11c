package dev.gnserve.image;

import java.io.IOException;
import java.util.Arrays;

/**
 * A page of a TIFF file, as its directory describes it: checked, so that its pixels take memory and time in proportion to
 * their number (TIFF 6.0; BigTIFF).
 */
final class TiffPage {

    /** A tile of a small picture may be so much larger; otherwise all tiles have at most four times the pixels of the picture. */
    private static final long USUAL_TILE_PIXELS = 2048L * 2048;

    /** Beginning a strip takes as long as decoding some hundred pixels. */
    private static final int FREE_STRIPS = 4096;

    private static final int PIXELS_PER_STRIP = 64;

    /** Rows as bytes and numbers, edges of fax, LZW words. */
    private static final long ROW_BYTES_PER_SAMPLE = 20;

    /** Of tag 254. */
    private static final int REDUCED = 1;

    private static final int JPEG_UNIT = 8;

    /** The largest tables that JPEG can have are a fifth of this. */
    private static final int MOST_TABLES = 1 << 14;

    /** JPEG stores whole units of up to 32 x 32 pixels. */
    private static final long JPEG_PADDING = 32;

    private final byte[] file;
    private final TiffDirectory directory;
    private final PageNumber number;
    private final int width;
    private final int height;
    private final TiffCompression compression;
    private final TiffSamples samples;
    private final boolean planar;
    private final boolean tiled;
    private final int tileWidth;
    private final int tileHeight;
    private final long[] offsets;
    private final long[] lengths;

    private TiffPage(byte[] file, ImageLimits limits, long at, PageNumber number, boolean stored) throws IOException {
        this.file = file;
        this.directory = TiffDirectory.read(file, at);
        this.number = number;
        checkResolution();
        long declaredWidth = directory.number(TiffTag.WIDTH, 0);
        long declaredHeight = directory.number(TiffTag.HEIGHT, 0);
        limits.check(ImageFormat.TIFF, declaredWidth, declaredHeight);
        this.width = (int) declaredWidth;
        this.height = (int) declaredHeight;
        this.compression = TiffCompression.of(directory);
        this.samples = TiffSamples.read(directory, compression, stored);
        limits.checkSamples(width, height, samples.colors());
        checkPredictor();
        this.planar = isInPlanes();
        this.tiled = directory.has(TiffTag.TILE_WIDTH) && directory.has(TiffTag.TILE_HEIGHT);
        long[] tile = tile();
        this.tileWidth = (int) tile[0];
        this.tileHeight = (int) tile[1];
        int strips = across() * down() * (planar ? samples.count() : 1);
        checkNumber(strips);
        if (compression == TiffCompression.OLD_STYLE_JPEG) {
            this.offsets = new long[] {directory.number(TiffTag.OLD_JPEG, 0)};
            this.lengths = new long[] {directory.number(TiffTag.OLD_JPEG_BYTES, 0)};
            if (offsets[0] <= 0) {
                throw oldStyle();
            }
            checkBytes(1);
            return;
        }
        this.offsets = directory.numbers(placeTag(TiffTag.TILE_OFFSETS, TiffTag.STRIP_OFFSETS), strips);
        long[] declared = directory.numbers(placeTag(TiffTag.TILE_BYTES, TiffTag.STRIP_BYTES), strips);
        this.lengths = Arrays.copyOf(declared, strips);
        checkBytes(strips);
    }

    /** What is said of a page whose JPEG is in pieces, or has nothing but tables. */
    static UnsupportedImageException oldStyle() {
        return new UnsupportedImageException(
                "its JPEG compression is the old style without a whole JPEG file in it; save it with LZW or deflate");
    }

    /** Some writers give the places of tiles in the tags of strips. */
    private int placeTag(int ofTiles, int ofStrips) {
        return tiled && directory.has(ofTiles) ? ofTiles : ofStrips;
    }

    /**
     * Reads the directory of a page, and no pixels.
     *
     * @param page from 1
     * @param stored whether all samples of a pixel are wanted as channels
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST, IMAGE_TOO_LARGE
     */
    static TiffPage read(byte[] file, ImageLimits limits, int page, boolean stored) throws IOException {
        long[] places = TiffDirectory.pages(file);
        PageNumber number = PageNumber.any(ImageFormat.TIFF, page, places.length);
        return new TiffPage(file, limits, places[page - 1], number, stored);
    }

    /**
     * As {@link #read}, for a page whose place is known: all its samples are channels.
     *
     * @param at the place of its directory
     */
    static TiffPage at(byte[] file, ImageLimits limits, long at, PageNumber number) throws IOException {
        return new TiffPage(file, limits, at, number, true);
    }

    PageNumber number() {
        return number;
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    TiffSamples samples() {
        return samples;
    }

    boolean isPlanar() {
        return planar;
    }

    TiffCompression compression() {
        return compression;
    }

    TiffDirectory directory() {
        return directory;
    }

    /** Bytes that tags and places of strips take in a file at least, which is no more than the file has where no pages share them. */
    long listedBytes() {
        return directory.tagBytes() + offsets.length;
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
        OrientationTags tags = new OrientationTags();
        tags.exif(directory);
        byte[] packet = directory.bytes(TiffTag.XMP);
        tags.xmp(packet, 0, packet.length);
        return tags.orientation();
    }

    /** What decoding takes: the stored samples, RGB made of ink, a turned copy, and a tile. */
    DecodeCost cost() {
        boolean ink = samples.photometric() == TiffSamples.CMYK;
        int channels = samples.stored()
                ? samples.count()
                : samples.colors() == 1 && samples.photometric() != TiffSamples.PALETTE ? 1 : 3;
        int sampleBytes = samples.areNumbers() ? Float.BYTES : samples.bits() > 8 && !ink ? 2 : 1;
        int made = channels * sampleBytes;
        boolean inPlace = !ink;
        double perPixel = DecodeCost.perPixel(ink ? 4 : made, made, inPlace, orientation())
                + (samples.premultiplied() ? Short.BYTES : 0);
        long tile = (tileWidth + JPEG_PADDING) * (tileHeight + JPEG_PADDING) * samples.count();
        DecodeCost cost = DecodeCost.of(
                width,
                height,
                perPixel,
                compression.isJpeg() ? 2L * file.length + tile : ROW_BYTES_PER_SAMPLE * tileWidth * samples.count());
        return compression.isJpeg()
                ? cost.withNative(2 * tile)
                : cost.countedAs(UprightImage.pixelsInBudget(width, height, channels, samples.areNumbers()));
    }

    private long paddedPixels() {
        return (long) across() * tileWidth * down() * tileHeight;
    }

    // ---- What is checked ----

    /** A raw file begins with its thumbnail. */
    private void checkResolution() throws IOException {
        boolean reduced = (directory.number(TiffTag.SUBFILE_TYPE, 0) & REDUCED) != 0;
        if (reduced && number.number() == 1 && (number.of() > 1 || directory.has(TiffTag.SUB_DIRECTORIES))) {
            throw new UnsupportedImageException(
                    "its first page is a reduced copy of another picture in it (tag 254); choose another page, or save that picture as a file");
        }
    }

    private void checkPredictor() throws IOException {
        long predictor = directory.number(TiffTag.PREDICTOR, 1);
        int bits = samples.bits();
        boolean differences = !samples.isFloat() && (bits == 8 || bits == 16 || bits == 32);
        if (predictor > 3 || (predictor == 2 && !differences) || (predictor == 3 && !samples.isFloat())) {
            throw new UnsupportedImageException(
                    "its predictor is %d with samples of %d bits; save it without a predictor"
                            .formatted(predictor, bits));
        }
        if (samples.photometric() == TiffSamples.YCBCR && !compression.isJpeg() && (predictor > 1 || isInPlanes())) {
            throw new UnsupportedImageException(
                    "its colours are YCbCr without JPEG compression, in planes or with a predictor; save it as RGB");
        }
    }

    private boolean isInPlanes() throws IOException {
        return directory.number(TiffTag.PLANAR, 1) == 2 && samples.count() > 1;
    }

    private long[] tile() throws IOException {
        if (compression == TiffCompression.OLD_STYLE_JPEG) {
            // One JPEG file for the whole page.
            return new long[] {width, height};
        }
        if (!tiled) {
            // Zero is written for "all rows", too.
            long rows = directory.number(TiffTag.ROWS_PER_STRIP, height);
            return new long[] {width, rows < 1 || rows > height ? height : rows};
        }
        long w = directory.number(TiffTag.TILE_WIDTH, 0);
        long h = directory.number(TiffTag.TILE_HEIGHT, 0);
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
        if (compression == TiffCompression.JPEG && !whole) {
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
            if (offsets[i] == 0) {
                throw new UnsupportedImageException(
                        "its strip or tile %d is missing: it would begin at byte 0; save the whole picture"
                                .formatted(i));
            }
            if (offsets[i] < 0 || offsets[i] >= file.length) {
                throw new CorruptImageException(
                        "its strip or tile %d begins at byte %d, behind its end".formatted(i, offsets[i]));
            }
            long rest = file.length - offsets[i];
            // Some writers do not say how long a strip is.
            lengths[i] = lengths[i] > 0 ? Math.min(lengths[i], rest) : rest;
            sum += lengths[i];
        }
        long pixelBytes = paddedPixels() * samples.count() * samples.bits() / 8;
        if (compression != TiffCompression.NONE && sum > file.length + pixelBytes) {
            throw new UnsupportedImageException(
                    "its strips or tiles share bytes: they have %d in all, more than the file and its pixels; save it again without that"
                            .formatted(sum));
        }
    }

    // ---- What decoders take ----

    byte[] file() {
        return file;
    }

    /** Where each strip or tile begins. */
    long[] offsets() {
        return offsets;
    }

    /** How many bytes of the file each strip or tile has. */
    long[] lengths() {
        return lengths;
    }

    /** They are read again for each strip or tile. */
    private byte[] tables() throws UnsupportedImageException {
        byte[] tables = directory.bytes(TiffTag.JPEG_TABLES);
        if (tables.length > MOST_TABLES) {
            throw new UnsupportedImageException(
                    "its JPEG tables have %,d bytes, allowed is %,d; save it with tables of its own for each strip or tile"
                            .formatted(tables.length, MOST_TABLES));
        }
        return tables;
    }

    /** A strip or tile with JPEG compression, as a JPEG file. */
    byte[] jpeg(int strip) throws UnsupportedImageException {
        if (compression == TiffCompression.OLD_STYLE_JPEG) {
            return oldStyleJpeg();
        }
        byte[] tables = tables();
        int from = (int) offsets[strip];
        int length = (int) lengths[strip];
        if (tables.length < 4 || length < 2) {
            return Arrays.copyOfRange(file, from, from + length);
        }
        // Without the end marker of the tables and the begin marker of the strip.
        byte[] jpeg = Arrays.copyOf(tables, tables.length - 2 + length - 2);
        System.arraycopy(file, from + 2, jpeg, tables.length - 2, length - 2);
        return jpeg;
    }

    /** The file that the page of an older style refers to; some writers leave out its end. */
    private byte[] oldStyleJpeg() {
        int from = (int) offsets[0];
        byte[] jpeg = Arrays.copyOfRange(file, from, from + (int) lengths[0] + 2);
        jpeg[jpeg.length - 2] = (byte) 0xFF;
        jpeg[jpeg.length - 1] = (byte) 0xD9;
        return jpeg;
    }
}
