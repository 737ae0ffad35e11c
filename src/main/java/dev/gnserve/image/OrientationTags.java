package dev.gnserve.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The orientation of a picture, from all places where writers put it: EXIF (EXIF 2.32, 4.6), EXIF as text in PNG, as ImageMagick
 * writes it, and XMP (XMP specification, part 2, 1.3). The first of them that has it counts, as in Pillow. Broken metadata count as
 * none: they do not make a picture unreadable.
 */
final class OrientationTags {

    private static final Pattern XMP_ORIENTATION = Pattern.compile("tiff:Orientation(?:=[\"']|>)([1-8])[\"'<]");

    private static final String XMP_KEYWORD = "XML:com.adobe.xmp";
    private static final Pattern EXIF_KEYWORD = Pattern.compile("Raw profile type (?:exif|APP1)");

    /** "\nexif\n" and the number of bytes, then the bytes in hexadecimal digits. */
    private static final Pattern EXIF_TEXT = Pattern.compile("\\s*\\w+\\s+\\d+\\s+([0-9a-fA-F\\s]*)");

    /** "Exif" and two zeros, which JPEG has before a block, and some writers in other formats, too. */
    private static final int PREFIX_BYTES = 6;

    /** Texts are searched so far. */
    private static final int MOST_TEXT_BYTES = 1 << 18;

    /** More texts that may hold an orientation are not searched for it. */
    private static final int MOST_TEXTS = 16;

    private int texts;
    private @Nullable Orientation exif;
    private @Nullable Orientation exifText;
    private @Nullable Orientation xmp;

    Orientation orientation() {
        if (exif != null) {
            return exif;
        }
        if (exifText != null) {
            return exifText;
        }
        return xmp == null ? Orientation.UPRIGHT : xmp;
    }

    /** Takes an EXIF block, which is a TIFF structure, with or without a prefix. */
    void exif(byte[] bytes, int from, int length) {
        if (exif == null) {
            exif = block(bytes, from, length);
        }
    }

    void exif(TiffDirectory directory) {
        exif = of(directory);
    }

    /** Takes an XMP packet. */
    void xmp(byte[] bytes, int from, int length) {
        String packet = new String(bytes, from, Math.min(length, MOST_TEXT_BYTES), StandardCharsets.ISO_8859_1);
        Matcher found = XMP_ORIENTATION.matcher(packet);
        if (xmp == null && found.find()) {
            xmp = Orientation.ofExif(Integer.parseInt(found.group(1)));
        }
    }

    /** Takes a text of PNG (tEXt, zTXt): a keyword, a zero, and if it is compressed the method; then the text. */
    void pngText(byte[] bytes, int from, int length, boolean compressed) throws UnsupportedImageException {
        int text = behindZero(bytes, from, from + length) + (compressed ? 1 : 0);
        if (text < from + length && EXIF_KEYWORD.matcher(keyword(bytes, from)).matches()) {
            requireFew();
            byte[] content = text(bytes, text, from + length, compressed);
            Matcher parts = EXIF_TEXT.matcher(new String(content, StandardCharsets.ISO_8859_1));
            if (exifText == null && parts.lookingAt()) {
                String digits = parts.group(1).replaceAll("\\s", "");
                byte[] block = HexFormat.of().parseHex(digits.substring(0, digits.length() & ~1));
                exifText = block(block, 0, block.length);
            }
        }
    }

    /** Takes an international text of PNG (iTXt): a keyword, whether it is compressed, a method, a language, the keyword translated. */
    void pngInternationalText(byte[] bytes, int from, int length) throws UnsupportedImageException {
        int end = from + length;
        int flag = behindZero(bytes, from, end);
        int text = behindZero(bytes, behindZero(bytes, flag + 2, end), end);
        if (text < end && keyword(bytes, from).equals(XMP_KEYWORD)) {
            requireFew();
            byte[] packet = text(bytes, text, end, bytes[flag] == 1);
            xmp(packet, 0, packet.length);
        }
    }

    /** Small texts inflate to large ones. */
    private void requireFew() throws UnsupportedImageException {
        if (++texts > MOST_TEXTS) {
            throw new UnsupportedImageException(
                    "it has more than %d texts with EXIF or XMP, of which one counts; save it without them"
                            .formatted(MOST_TEXTS));
        }
    }

    private static @Nullable Orientation block(byte[] bytes, int from, int length) {
        boolean prefixed = length > PREFIX_BYTES && bytes[from] == 'E' && bytes[from + 4] == 0;
        int skipped = prefixed ? PREFIX_BYTES : 0;
        try {
            return of(TiffDirectory.read(bytes, from + skipped, length - skipped));
        } catch (CorruptImageException broken) {
            return null;
        }
    }

    private static @Nullable Orientation of(TiffDirectory directory) {
        try {
            return directory.has(TiffTag.ORIENTATION)
                    ? Orientation.ofExif(Math.toIntExact(directory.number(TiffTag.ORIENTATION, 1)))
                    : null;
        } catch (CorruptImageException | ArithmeticException broken) {
            return null;
        }
    }

    private static int behindZero(byte[] bytes, int from, int end) {
        int at = from;
        while (at < end && bytes[at] != 0) {
            at++;
        }
        return at + 1;
    }

    private static String keyword(byte[] bytes, int from) {
        int end = behindZero(bytes, from, bytes.length) - 1;
        return new String(bytes, from, end - from, StandardCharsets.ISO_8859_1);
    }

    /** The begin of a text; none where its compression is broken. */
    private static byte[] text(byte[] bytes, int from, int end, boolean compressed) {
        if (!compressed) {
            return Arrays.copyOfRange(bytes, from, Math.min(end, from + MOST_TEXT_BYTES));
        }
        try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(bytes, from, end - from))) {
            return in.readNBytes(MOST_TEXT_BYTES);
        } catch (IOException broken) {
            return new byte[0];
        }
    }
}
