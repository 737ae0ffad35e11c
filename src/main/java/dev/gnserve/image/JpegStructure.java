package dev.gnserve.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What the markers of a JPEG file say (ITU-T T.81, annex B), read without decoding.
 */
final class JpegStructure {

    /**
     * Each scan of a progressive file passes over the whole image, and ten bytes make a scan: a small file could keep
     * a core busy for hours. Encoders write about ten scans.
     */
    private static final int MOST_SCANS = 100;

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
    private static final int APP0 = 0xE0;
    private static final int APP1 = 0xE1;
    private static final int APP14 = 0xEE;
    private static final int APP15 = 0xEF;
    private static final int COM = 0xFE;
    private static final int TEM = 0x01;

    private static final int NO_ADOBE_MARKER = -1;

    private final byte[] bytes;
    private final ImageLimits limits;
    private final ByteArrayOutputStream bare;
    private int components;
    private boolean namedRgb;
    private boolean jfif;
    private int adobeTransform = NO_ADOBE_MARKER;
    private @Nullable Orientation orientation;

    private JpegStructure(byte[] bytes, ImageLimits limits) {
        this.bytes = bytes;
        this.limits = limits;
        this.bare = new ByteArrayOutputStream(bytes.length);
    }

    /** Walks all markers up to the end of the image, so that a truncated file is known before it is decoded. */
    static JpegStructure read(byte[] bytes, ImageLimits limits) throws IOException {
        JpegStructure structure = new JpegStructure(bytes, limits);
        structure.walk();
        return structure;
    }

    /** 1 gray, 3 colour, 4 CMYK. */
    int components() {
        return components;
    }

    Orientation orientation() {
        return orientation == null ? Orientation.UPRIGHT : orientation;
    }

    /** Whether colours are stored as YCbCr, by the rules of libjpeg; with a fourth component, that is YCCK. */
    boolean isLumaChroma() {
        if (components == 4) {
            return adobeTransform == 2;
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
    byte[] bare() {
        return bare.toByteArray();
    }

    private void walk() throws IOException {
        int scans = 0;
        int at = 2;
        bare.write(bytes, 0, 2);
        while (true) {
            int begin = at;
            at = nextMarker(at);
            int marker = bytes[at - 1] & 0xFF;
            // What lies before the marker belongs to the scan before.
            if (scans > 0) {
                bare.write(bytes, begin, at - 2 - begin);
            }
            if (marker == EOI) {
                bare.write(bytes, at - 2, 2);
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
                bare.write(bytes, at - 2, 2 + length);
            }
            at += length;
            if (marker == SOS && ++scans > MOST_SCANS) {
                throw new CorruptImageException("it has more than %d scans".formatted(MOST_SCANS));
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
        if (marker >= SOF0_BASELINE && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC) {
            frame(marker, at, length);
        } else if (marker == APP0 && length >= 5 && startsWith(at, "JFIF\0")) {
            jfif = true;
        } else if (marker == APP14 && length >= 12 && startsWith(at, "Adobe")) {
            adobeTransform = bytes[at + 11] & 0xFF;
        } else if (marker == APP1 && orientation == null && length > 6 && startsWith(at, "Exif\0\0")) {
            orientation = ExifOrientation.read(bytes, at + 6, length - 6);
        }
    }

    private void frame(int marker, int at, int length) throws IOException {
        if (length < 6) {
            throw truncated();
        }
        if (marker > SOF2_PROGRESSIVE || bytes[at] != 8) {
            throw new CorruptImageException(
                    "it is coded as JPEG process %d with %d bits, which is not read here; save it as baseline or progressive with 8 bits"
                            .formatted(marker - SOF0_BASELINE, bytes[at] & 0xFF));
        }
        if (components != 0) {
            throw new CorruptImageException("it has two frames");
        }
        int height = u16(at + 1);
        int width = u16(at + 3);
        limits.check(ImageFormat.JPEG, width, height);
        // Every block of 8 x 8 takes a bit at least.
        if ((width / 8L) * (height / 8L) > 8L * bytes.length) {
            throw new CorruptImageException(
                    "%d bytes cannot hold %d x %d pixels".formatted(bytes.length, width, height));
        }
        components = bytes[at + 5] & 0xFF;
        if (length < 6 + 3 * components) {
            throw truncated();
        }
        namedRgb = components == 3 && bytes[at + 6] == 'R' && bytes[at + 9] == 'G' && bytes[at + 12] == 'B';
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
