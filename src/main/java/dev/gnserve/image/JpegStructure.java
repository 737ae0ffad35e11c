package dev.gnserve.image;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What the markers of a JPEG file say (ITU-T T.81, annex B), read without decoding.
 *
 * @param components 1 gray, 3 colour, 4 CMYK or YCCK
 * @param adobeTransform the colour transform of the Adobe marker (0 none, 1 YCbCr, 2 YCCK), or -1 without that marker
 * @param orientation from EXIF
 */
record JpegStructure(int components, int adobeTransform, Orientation orientation) {

    /**
     * Each scan of a progressive file passes over the whole image, and ten bytes make a scan: a small file could keep
     * a core busy for hours. Encoders write about ten scans.
     */
    private static final int MOST_SCANS = 100;

    /** The Adobe transform of YCbCr with a fourth channel of black. */
    static final int YCCK = 2;

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
    private static final int APP1 = 0xE1;
    private static final int APP14 = 0xEE;
    private static final int TEM = 0x01;

    /** Walks all markers up to the end of the image, so that a truncated file is known before it is decoded. */
    static JpegStructure read(byte[] bytes, ImageLimits limits) throws IOException {
        return new Walk(bytes, limits).run();
    }

    private static final class Walk {
        private final byte[] bytes;
        private final ImageLimits limits;
        private int components;
        private int adobeTransform = -1;
        private @Nullable Orientation orientation;

        Walk(byte[] bytes, ImageLimits limits) {
            this.bytes = bytes;
            this.limits = limits;
        }

        JpegStructure run() throws IOException {
            int scans = 0;
            int at = 2;
            while (true) {
                at = nextMarker(at);
                int marker = bytes[at - 1] & 0xFF;
                if (marker == EOI) {
                    break;
                }
                if (marker == SOI || marker == TEM || (marker >= RST0 && marker <= RST7)) {
                    continue;
                }
                int length = u16(at);
                if (length < 2 || at + length > bytes.length) {
                    throw truncated();
                }
                segment(marker, at + 2, length - 2);
                at += length;
                if (marker == SOS && ++scans > MOST_SCANS) {
                    throw new CorruptImageException("it has more than %d scans".formatted(MOST_SCANS));
                }
            }
            if (scans == 0 || components == 0) {
                throw new CorruptImageException("it ends before any image data");
            }
            return new JpegStructure(
                    components, adobeTransform, orientation == null ? Orientation.UPRIGHT : orientation);
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
            limits.check(ImageFormat.JPEG, u16(at + 3), u16(at + 1));
            components = bytes[at + 5] & 0xFF;
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
}
