package dev.gnserve.image;

import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What the markers of a JPEG file say (ITU-T T.81, annex B), read without decoding.
 */
final class JpegStructure {

    /**
     * Each scan passes over the whole image, and ten bytes make a scan. Encoders write one to about twenty.
     */
    private static final int MOST_SCANS = 100;

    /** Pixels of all scans together: 25 scans of the largest image, 100 of one of 16 megapixels. */
    private static final long MOST_SCANNED_PIXELS = 1_600_000_000;

    /** A block has 64 coefficients of two bytes. */
    private static final long BYTES_PER_BLOCK = 128;

    private static final int MOST_SAMPLING = 4;

    /** Rows and tables of libjpeg. */
    private static final long NATIVE_BYTES = 4_000_000;

    private static final int SOF0_BASELINE = 0xC0;
    private static final int SOF2_PROGRESSIVE = 0xC2;
    private static final int DHT = 0xC4;
    private static final int JPG = 0xC8;
    private static final int DAC = 0xCC;
    private static final int SOF15 = 0xCF;
    private static final int RST0 = 0xD0;
    private static final int RST7 = 0xD7;
    private static final int SOI = 0xD8;
    private static final int EOI = 0xD9;
    private static final int SOS = 0xDA;
    private static final int DHP = 0xDE;
    private static final int EXP = 0xDF;
    private static final int APP0 = 0xE0;
    private static final int APP1 = 0xE1;
    private static final int APP2 = 0xE2;
    private static final int APP14 = 0xEE;
    private static final int APP15 = 0xEF;
    private static final int SOF55_LS = 0xF7;
    private static final int COM = 0xFE;
    private static final int TEM = 0x01;

    private static final int NO_ADOBE_MARKER = -1;

    private static final String XMP = "http://ns.adobe.com/xap/1.0/\0";

    /** Tag of the number of pictures. */
    private static final int PICTURES = 0xB001;

    /** Throws where the size in a header is not one that is read. */
    @FunctionalInterface
    interface SizeCheck {
        void check(int width, int height) throws IOException;
    }

    private final byte[] bytes;
    private final SizeCheck size;
    /** The file without what makes no pixels, or null if it is not wanted; as many bytes of it as are kept. */
    private final byte @Nullable [] bare;

    private int bareBytes;
    private int components;
    private int width;
    private int height;
    private long blocks;
    private boolean progressive;
    private int scans;
    private int pictures = 1;
    private boolean partialScan;
    private boolean namedRgb;
    private boolean jfif;
    private int adobeTransform = NO_ADOBE_MARKER;
    private final OrientationTags tags = new OrientationTags();

    private JpegStructure(byte[] bytes, SizeCheck size, byte @Nullable [] bare) {
        this.bytes = bytes;
        this.size = size;
        this.bare = bare;
    }

    /** Walks all markers up to the end of the image, so that a truncated file is known before it is decoded. */
    static JpegStructure read(byte[] bytes, SizeCheck size) throws IOException {
        JpegStructure structure = new JpegStructure(bytes, size, new byte[bytes.length]);
        structure.walk();
        return structure;
    }

    /** As {@link #read}, for a file that is not decoded. */
    static JpegStructure inspect(byte[] bytes, SizeCheck size) throws IOException {
        JpegStructure structure = new JpegStructure(bytes, size, null);
        structure.walk();
        return structure;
    }

    /** 1 gray, 3 colour, 4 CMYK. */
    int components() {
        return components;
    }

    Orientation orientation() {
        return tags.orientation();
    }

    /** Pictures of a multi-picture file (CIPA DC-007), of which the first is decoded; otherwise 1. */
    int pictures() {
        return pictures;
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    /** What decoding takes: the stored samples, RGB made of ink, and a copy of the file; for several scans, all coefficients. */
    DecodeCost cost() {
        double perPixel = DecodeCost.perPixel(components, Math.min(components, 3), components < 4, orientation());
        boolean keepsCoefficients = progressive || scans > 1 || partialScan;
        return DecodeCost.of(width, height, perPixel, bytes.length)
                .withNative(NATIVE_BYTES + (keepsCoefficients ? blocks * BYTES_PER_BLOCK : 0));
    }

    /** Whether colours are stored as YCbCr, by the rules of libjpeg; with a fourth component, that is YCCK. */
    boolean isLumaChroma() {
        if (components == 4) {
            return adobeTransform > 0;
        }
        if (jfif || adobeTransform == NO_ADOBE_MARKER) {
            return jfif || !namedRgb;
        }
        return adobeTransform != 0;
    }

    /**
     * The file without application data and comments: only what makes the pixels. Decoders fail over broken colour
     * profiles and thumbnails, and guess colours from these markers, each in its own way.
     */
    EndingStream bare(DecodeWork work) {
        return new EndingStream(Objects.requireNonNull(bare), bareBytes, work);
    }

    private void keep(int from, int length) {
        if (bare != null) {
            System.arraycopy(bytes, from, bare, bareBytes, length);
            bareBytes += length;
        }
    }

    private void walk() throws IOException {
        if (u16(0) != (0xFF00 | SOI)) {
            throw new CorruptImageException("it does not begin as JPEG");
        }
        int at = 2;
        keep(0, 2);
        while (true) {
            int begin = at;
            at = nextMarker(at);
            int marker = bytes[at - 1] & 0xFF;
            // What lies before the marker belongs to the scan before.
            if (scans > 0) {
                keep(begin, at - 2 - begin);
            }
            if (marker == EOI) {
                keep(at - 2, 2);
                break;
            }
            if (marker == SOI || marker == TEM) {
                continue;
            }
            int length = u16(at);
            if (length < 2 || at + length > bytes.length) {
                throw truncated();
            }
            segment(marker, at + 2, length - 2);
            boolean application = (marker >= APP0 && marker <= APP15) || marker == COM;
            if (!application) {
                keep(at - 2, 2 + length);
            }
            at += length;
            if (marker == SOS) {
                scan();
            }
        }
        if (scans == 0 || components == 0) {
            throw new CorruptImageException("it ends before any image data");
        }
    }

    /** The index behind the next marker; entropy-coded data holds 0xFF only before 0 and restart markers. */
    private int nextMarker(int from) throws CorruptImageException {
        for (int i = from; i + 1 < bytes.length; i++) {
            if (bytes[i] == (byte) 0xFF) {
                int next = bytes[i + 1] & 0xFF;
                if (next != 0 && next != 0xFF && (next < RST0 || next > RST7)) {
                    return i + 2;
                }
            }
        }
        throw truncated();
    }

    private void segment(int marker, int at, int length) throws IOException {
        if (marker == SOS && length > 0) {
            partialScan |= bytes[at] != components;
        } else if (marker == DHP || marker == EXP) {
            throw new UnsupportedImageException(
                    "hierarchical JPEG is not read; save it as baseline or progressive with 8 bits");
        } else if (marker == SOF55_LS) {
            throw new UnsupportedImageException("JPEG-LS is not read; save it as baseline JPEG or PNG");
        } else if (marker >= SOF0_BASELINE && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC) {
            frame(marker, at, length);
        } else if (marker == APP0 && length >= 5 && startsWith(at, "JFIF\0")) {
            jfif = true;
        } else if (marker == APP14 && length >= 12 && startsWith(at, "Adobe")) {
            adobeTransform = bytes[at + 11] & 0xFF;
        } else if (marker == APP2 && length > 4 && startsWith(at, "MPF\0")) {
            pictures = pictures(at + 4, length - 4);
        } else if (marker == APP1 && length > 6 && startsWith(at, "Exif\0\0")) {
            tags.exif(bytes, at, length);
        } else if (marker == APP1 && length > XMP.length() && startsWith(at, XMP)) {
            tags.xmp(bytes, at, length);
        }
    }

    private int pictures(int at, int length) {
        try {
            return (int) Math.max(
                    1,
                    Math.min(
                            Integer.MAX_VALUE,
                            TiffDirectory.read(bytes, at, length).number(PICTURES, 1)));
        } catch (CorruptImageException e) {
            return 1;
        }
    }

    private void scan() throws UnsupportedImageException {
        long mostScans = Math.min(MOST_SCANS, MOST_SCANNED_PIXELS / Math.max(1, (long) width * height));
        if (++scans > mostScans) {
            throw new UnsupportedImageException(
                    "it has more than %d scans of %d x %d pixels; save it as a baseline JPEG, which has one scan"
                            .formatted(mostScans, width, height));
        }
    }

    /** The name of a process by its number (T.81, table B.1). */
    private static String process(int number) {
        String coding = number > 8 ? "arithmetic-coded " : "";
        return coding
                + switch (number & 7) {
                    case 1 -> "sequential";
                    case 2 -> "progressive";
                    case 3 -> "lossless";
                    case 0 -> "baseline";
                    default -> "hierarchical";
                };
    }

    private void frame(int marker, int at, int length) throws IOException {
        if (length < 6) {
            throw truncated();
        }
        if (marker > SOF2_PROGRESSIVE || bytes[at] != 8) {
            throw new UnsupportedImageException(
                    "%s JPEG with %d bits is not read; save it as baseline or progressive with 8 bits"
                            .formatted(process(marker - SOF0_BASELINE), bytes[at] & 0xFF));
        }
        if (components != 0) {
            throw new CorruptImageException("it has two frames");
        }
        progressive = marker == SOF2_PROGRESSIVE;
        height = u16(at + 1);
        width = u16(at + 3);
        if (height == 0 && width > 0) {
            throw new UnsupportedImageException(
                    "its header has no height, which follows the first scan (marker DNL); save it again with the height in the header");
        }
        size.check(width, height);
        // Every block of 8 x 8 takes a bit at least.
        if ((width / 8L) * (height / 8L) > 8L * bytes.length) {
            throw new CorruptImageException(
                    "%d bytes cannot hold %d x %d pixels".formatted(bytes.length, width, height));
        }
        components = bytes[at + 5] & 0xFF;
        if (components != 1 && components != 3 && components != 4) {
            throw new UnsupportedImageException(
                    "it has %d components; gray, colour and CMYK are read".formatted(components));
        }
        if (length < 6 + 3 * components) {
            throw truncated();
        }
        countBlocks(at + 6);
        namedRgb = components == 3 && bytes[at + 6] == 'R' && bytes[at + 9] == 'G' && bytes[at + 12] == 'B';
    }

    /** Blocks of all components, each of which is padded to whole units of all of them. */
    private void countBlocks(int at) throws IOException {
        int across = 1;
        int down = 1;
        int perUnit = 0;
        for (int c = 0; c < components; c++) {
            int sampling = bytes[at + 3 * c + 1] & 0xFF;
            if (sampling >> 4 < 1
                    || sampling >> 4 > MOST_SAMPLING
                    || (sampling & 15) < 1
                    || (sampling & 15) > MOST_SAMPLING) {
                throw new CorruptImageException(
                        "its component %d has sampling factors %d x %d".formatted(c + 1, sampling >> 4, sampling & 15));
            }
            across = Math.max(across, sampling >> 4);
            down = Math.max(down, sampling & 15);
            perUnit += (sampling >> 4) * (sampling & 15);
        }
        for (int c = 0; c < components; c++) {
            int sampling = bytes[at + 3 * c + 1] & 0xFF;
            if (across % (sampling >> 4) != 0 || down % (sampling & 15) != 0) {
                throw new UnsupportedImageException(
                        "its component %d has a sample for a fraction of a pixel: sampling factors %d x %d of %d x %d; save it without subsampling"
                                .formatted(c + 1, sampling >> 4, sampling & 15, across, down));
            }
        }
        blocks = ((width + 8L * across - 1) / (8L * across)) * ((height + 8L * down - 1) / (8L * down)) * perUnit;
    }

    private boolean startsWith(int at, String text) {
        for (int i = 0; i < text.length(); i++) {
            if (bytes[at + i] != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private int u16(int at) throws CorruptImageException {
        if (at + 2 > bytes.length) {
            throw truncated();
        }
        return (bytes[at] & 0xFF) << 8 | (bytes[at + 1] & 0xFF);
    }

    private static CorruptImageException truncated() {
        return new CorruptImageException("it ends before its end-of-image marker");
    }
}
