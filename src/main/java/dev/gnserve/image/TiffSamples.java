package dev.gnserve.image;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What the samples of a TIFF page stand for, checked to be of a kind that is read (TIFF 6.0, sections 3 to 7, 14, 16, 18 and 21).
 *
 * @param photometric tag 262
 * @param count samples of a pixel: colours, then alpha
 * @param bits of each sample
 * @param format of each sample: 1 unsigned, 2 signed, 3 floating-point
 * @param premultiplied whether the colours are multiplied by the alpha, and are to be divided
 * @param stored whether all samples are taken as channels, as they are
 */
record TiffSamples(int photometric, int count, int bits, int format, boolean premultiplied, boolean stored) {

    static final int WHITE_IS_ZERO = 0;
    static final int BLACK_IS_ZERO = 1;
    static final int RGB = 2;
    static final int PALETTE = 3;
    static final int CMYK = 5;
    static final int YCBCR = 6;

    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(RGB, "RGB"),
            Map.entry(CMYK, "CMYK"),
            Map.entry(YCBCR, "YCbCr"),
            Map.entry(4, "a transparency mask"),
            Map.entry(8, "CIE L*a*b*"),
            Map.entry(9, "ICC L*a*b*"),
            Map.entry(10, "ITU L*a*b*"),
            Map.entry(32_803, "a colour filter array (raw)"),
            Map.entry(32_844, "LogL"),
            Map.entry(32_845, "LogLuv"),
            Map.entry(34_892, "linear raw"),
            Map.entry(51_177, "a depth map"));

    private static final int UNSIGNED = 1;
    private static final int SIGNED = 2;
    private static final int FLOAT = 3;
    private static final int UNDEFINED = 4;
    private static final List<String> FORMATS = List.of(
            "unsigned integers",
            "unsigned integers",
            "signed integers",
            "floating-point numbers",
            "unsigned integers",
            "complex integers",
            "complex floating-point numbers");

    private static final int MULTIPLIED_ALPHA = 1;
    private static final int ALPHA = 2;
    private static final int OTHER_INKS = 2;

    /** Values of a tag that are looked at, one of each sample. */
    private static final int MOST_SAMPLES = 64;

    /**
     * Reads the tags of a page. Writers of the older style of JPEG leave tags out, and say RGB of YCbCr.
     *
     * @param stored whether all samples of gray and RGB are wanted as channels
     */
    static TiffSamples read(TiffDirectory directory, TiffCompression compression, boolean stored) throws IOException {
        boolean oldStyleJpeg = compression == TiffCompression.OLD_STYLE_JPEG;
        int photometric = (int) directory.number(TiffTag.PHOTOMETRIC, guess(directory, compression));
        if (oldStyleJpeg && photometric == RGB) {
            photometric = YCBCR;
        }
        int colors = colors(photometric);
        int usualCount = oldStyleJpeg ? colors : 1;
        int count = (int) Math.min(Integer.MAX_VALUE, directory.number(TiffTag.SAMPLES_PER_PIXEL, usualCount));
        if (colors == 0 || count < colors) {
            throw new UnsupportedImageException(
                    "its colours are %s (tag 262) with %d samples per pixel; save it as gray, palette, RGB or CMYK"
                            .formatted(NAMES.getOrDefault(photometric, "kind " + photometric), count));
        }
        int said = sameOfAllSamples(directory, TiffTag.SAMPLE_FORMAT, UNSIGNED, "sample format");
        int format = said == UNDEFINED ? UNSIGNED : said;
        int bits = sameOfAllSamples(directory, TiffTag.BITS_PER_SAMPLE, oldStyleJpeg ? 8 : 1, "bits per sample");
        boolean all = stored && (photometric == BLACK_IS_ZERO || photometric == RGB) && !compression.isJpeg();
        if (all && count > ChannelOrder.Stored.MOST) {
            throw new UnsupportedImageException("it has %d samples per pixel; at most %d channels are read"
                    .formatted(count, ChannelOrder.Stored.MOST));
        }
        boolean multiplied = !all && multiplied(directory, colors, count);
        TiffSamples samples = new TiffSamples(photometric, count, bits, format, multiplied, all);
        samples.checkNumbers();
        samples.checkColors(directory);
        samples.checkCompression(compression);
        return samples;
    }

    /** What a page has whose writer did not say it, as libtiff guesses it. */
    private static int guess(TiffDirectory directory, TiffCompression compression) throws IOException {
        if (compression == TiffCompression.OLD_STYLE_JPEG) {
            return YCBCR;
        }
        if (directory.number(TiffTag.SAMPLES_PER_PIXEL, 1) >= 3) {
            return RGB;
        }
        return compression.isFax() ? WHITE_IS_ZERO : BLACK_IS_ZERO;
    }

    /** Samples of a pixel that are taken: 1, 3 or 4 without alpha, or all. */
    int colors() {
        return stored ? count : colors(photometric);
    }

    boolean isSigned() {
        return format == SIGNED;
    }

    boolean isFloat() {
        return format == FLOAT;
    }

    /** Whether the samples have no range whose ends are black and white: others than unsigned ones of up to 16 bits. */
    boolean areNumbers() {
        return format != UNSIGNED || bits > 16;
    }

    /** Such as "signed integers of 16 bits". */
    String described() {
        return "%s of %d bits"
                .formatted(format < 0 || format >= FORMATS.size() ? "of format " + format : FORMATS.get(format), bits);
    }

    private static int colors(int photometric) {
        return switch (photometric) {
            case WHITE_IS_ZERO, BLACK_IS_ZERO, PALETTE -> 1;
            case RGB, YCBCR -> 3;
            case CMYK -> 4;
            default -> 0;
        };
    }

    private static int sameOfAllSamples(TiffDirectory directory, int tag, int usual, String what) throws IOException {
        long[] values = directory.numbers(tag, MOST_SAMPLES);
        for (long value : values) {
            if (value != values[0]) {
                throw new UnsupportedImageException("its samples differ in their %s: %s; save it with the same for all"
                        .formatted(what, Arrays.toString(values)));
            }
        }
        return values.length == 0 ? usual : (int) values[0];
    }

    /** Whether alpha is multiplied. What is neither colour nor alpha would be lost in silence. */
    private static boolean multiplied(TiffDirectory directory, int colors, int count) throws IOException {
        long[] extra = directory.numbers(TiffTag.EXTRA_SAMPLES, MOST_SAMPLES);
        int alphas = 0;
        while (alphas < extra.length && (extra[alphas] == MULTIPLIED_ALPHA || extra[alphas] == ALPHA)) {
            alphas++;
        }
        // Some writers do not say that the fourth sample of RGB is alpha.
        boolean unsaid = extra.length == 0 && colors == 3 && count == 4;
        int more = unsaid ? 0 : count - colors - alphas;
        if (more > 0) {
            throw new UnsupportedImageException(
                    "it has %d samples per pixel: %d more channel%s beside its colours and alpha, which would be lost; save each channel as an image"
                            .formatted(count, more, more == 1 ? "" : "s"));
        }
        return alphas > 0 && extra[0] == MULTIPLIED_ALPHA;
    }

    private void checkNumbers() throws UnsupportedImageException {
        boolean read = switch (format) {
            case UNSIGNED -> bits >= 1 && (bits <= 16 || bits == 32);
            case SIGNED -> bits == 8 || bits == 16 || bits == 32;
            case FLOAT -> bits == 16 || bits == 32 || bits == 64;
            default -> false;
        };
        if (!read || (areNumbers() && (premultiplied || (photometric != BLACK_IS_ZERO && photometric != RGB)))) {
            throw new UnsupportedImageException("its samples are %s%s; save it with unsigned samples of 8 or 16 bits"
                    .formatted(
                            described(),
                            !read
                                    ? ""
                                    : premultiplied
                                            ? " and multiplied by alpha"
                                            : " with colours of kind %d (tag 262)".formatted(photometric)));
        }
    }

    private void checkColors(TiffDirectory directory) throws IOException {
        boolean palette = photometric == PALETTE;
        if (palette && (count > 1 || bits > 8 || directory.count(TiffTag.COLORS) != 3L << bits)) {
            throw new UnsupportedImageException(
                    "its palette has %d values for %d samples of %d bits, and not three for each value of one sample; save it as RGB"
                            .formatted(directory.count(TiffTag.COLORS), count, bits));
        }
        if (photometric == CMYK && directory.number(TiffTag.INK_SET, 1) == OTHER_INKS) {
            throw new UnsupportedImageException("its inks are not CMYK (tag 332); save it as RGB");
        }
        boolean shallow = photometric == CMYK || photometric == YCBCR;
        if (shallow && bits != 8 && (photometric == YCBCR || bits != 16)) {
            throw new UnsupportedImageException("its colours are %s with samples of %d bits; save it as RGB"
                    .formatted(photometric == CMYK ? "CMYK" : "YCbCr", bits));
        }
    }

    private void checkCompression(TiffCompression compression) throws UnsupportedImageException {
        if (compression.isFax() && (bits != 1 || count != 1 || photometric > BLACK_IS_ZERO)) {
            throw new UnsupportedImageException(
                    "it has fax compression, which is for black and white, with %d samples of %d bits; save it with LZW or deflate"
                            .formatted(count, bits));
        }
        if (compression.isJpeg() && (bits != 8 || count != colors() || photometric == PALETTE)) {
            throw new UnsupportedImageException(
                    "it has JPEG compression of %d samples of %d bits%s; save it with LZW or deflate"
                            .formatted(count, bits, photometric == PALETTE ? " with a palette" : ""));
        }
    }
}
