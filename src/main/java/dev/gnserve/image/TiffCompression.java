package dev.gnserve.image;

import java.io.IOException;
import java.util.Map;

/** How the strips or tiles of a TIFF page are compressed (tag 259), if that is read. */
enum TiffCompression {
    NONE,
    LZW,
    DEFLATE,
    PACK_BITS,
    JPEG,
    /** Of the older style: one JPEG file for the whole page. */
    OLD_STYLE_JPEG,
    FAX_RUNS,
    FAX_3,
    FAX_4;

    private static final Map<Integer, TiffCompression> READ = Map.of(
            1, NONE,
            2, FAX_RUNS,
            3, FAX_3,
            4, FAX_4,
            5, LZW,
            6, OLD_STYLE_JPEG,
            7, JPEG,
            8, DEFLATE,
            32_773, PACK_BITS,
            32_946, DEFLATE);

    private static final Map<Integer, String> NOT_READ = Map.ofEntries(
            Map.entry(9, "JBIG"),
            Map.entry(10, "JBIG"),
            Map.entry(32_766, "NeXT"),
            Map.entry(32_771, "fax of whole words (CCITTRLEW)"),
            Map.entry(32_809, "ThunderScan"),
            Map.entry(32_908, "PixarFilm"),
            Map.entry(32_909, "PixarLog"),
            Map.entry(33_003, "JPEG 2000"),
            Map.entry(33_004, "JPEG 2000"),
            Map.entry(33_005, "JPEG 2000"),
            Map.entry(34_661, "JBIG"),
            Map.entry(34_676, "SGILog"),
            Map.entry(34_677, "SGILog"),
            Map.entry(34_712, "JPEG 2000"),
            Map.entry(34_887, "LERC"),
            Map.entry(34_892, "lossy JPEG of DNG"),
            Map.entry(34_925, "LZMA"),
            Map.entry(34_926, "ZSTD"),
            Map.entry(34_927, "WebP"),
            Map.entry(34_933, "PNG"),
            Map.entry(34_934, "JPEG XR"),
            Map.entry(50_000, "ZSTD"),
            Map.entry(50_001, "WebP"),
            Map.entry(50_002, "JPEG XL"),
            Map.entry(52_546, "JPEG XL"));

    private static final int TWO_DIMENSIONS = 1;
    private static final int UNCOMPRESSED_MODE = 2;

    static TiffCompression of(TiffDirectory directory) throws IOException {
        int number = (int) directory.number(TiffTag.COMPRESSION, 1);
        TiffCompression read = READ.get(number);
        if (read == null) {
            throw new UnsupportedImageException("TIFF compression %s is not read; save it with LZW or deflate"
                    .formatted(NOT_READ.getOrDefault(number, "number " + number)));
        }
        int options = read == FAX_3 ? TiffTag.FAX3_OPTIONS : TiffTag.FAX4_OPTIONS;
        if (read.isFax() && (directory.number(options, 0) & UNCOMPRESSED_MODE) != 0) {
            throw new UnsupportedImageException(
                    "its fax data have parts that are not compressed (tag %d); save it with LZW or deflate"
                            .formatted(options));
        }
        return read;
    }

    boolean isJpeg() {
        return this == JPEG || this == OLD_STYLE_JPEG;
    }

    boolean isFax() {
        return this == FAX_RUNS || this == FAX_3 || this == FAX_4;
    }

    /** Whether differences of neighbours may be what is compressed. */
    boolean isPredicted() {
        return this == LZW || this == DEFLATE;
    }

    /** How the rows of a fax are coded. */
    FaxStream.Coding fax(TiffDirectory directory) throws IOException {
        return switch (this) {
            case FAX_RUNS -> FaxStream.Coding.RUNS;
            case FAX_3 ->
                (directory.number(TiffTag.FAX3_OPTIONS, 0) & TWO_DIMENSIONS) == 0
                        ? FaxStream.Coding.GROUP_3
                        : FaxStream.Coding.GROUP_3_MIXED;
            default -> FaxStream.Coding.GROUP_4;
        };
    }
}
