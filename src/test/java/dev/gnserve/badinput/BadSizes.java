package dev.gnserve.badinput;

import static dev.gnserve.badinput.BadInput.image;

import java.util.Map;
import java.util.stream.Stream;

/** Images that declare or hold much. */
final class BadSizes {

    private BadSizes() {}

    static Stream<BadInput> rows() {
        String group = "Sizes and bombs (here 1 million pixels are taken)";
        byte[] gray = new byte[256];
        return Stream.of(
                image(group, "png of 0 x 0", HostileImages.png(0, 0, 0), "422 IMAGE_UNDECODABLE"),
                image(group, "png of 1 x 1", HostileImages.png(1, 1, 2), "200"),
                image(group, "png of 1 x 100,000", HostileImages.png(1, 100_000, 200_000), "413 IMAGE_TOO_LARGE"),
                image(group, "png of 100,000 x 1", HostileImages.png(100_000, 1, 100_001), "413 IMAGE_TOO_LARGE"),
                image(group, "png of 1 x 8,192", HostileImages.png(1, 8_192, 16_384), "200"),
                image(group, "png of 2^32 - 1 x 2^32 - 1", HostileImages.png(-1, -1, 0), "413 IMAGE_TOO_LARGE"),
                image(
                        group,
                        "png of 900 x 900 with data for 900",
                        HostileImages.png(900, 900, 900),
                        "422 IMAGE_UNDECODABLE"),
                image(group, "png of 8 x 8 with 300 MB of data", HostileImages.pngWithTooMuchData(), "200"),
                image(group, "png with a text of 300 MB (zTXt)", HostileImages.pngWithBombIn("zTXt"), "200"),
                image(group, "png with a colour profile of 300 MB (iCCP)", HostileImages.pngWithBombIn("iCCP"), "200"),
                image(group, "gif of 0 x 0 with a frame of 1 x 1", HostileImages.gif(0, 0, 0, 0, 1), "200"),
                image(
                        group,
                        "gif of 65,535 x 65,535 with a frame of 1 x 1",
                        HostileImages.gif(65_535, 65_535, 0, 0, 1),
                        "413 IMAGE_TOO_LARGE"),
                image(
                        group,
                        "gif of 1 x 1 with a frame at 60,000, 60,000",
                        HostileImages.gif(1, 1, 60_000, 60_000, 1),
                        "413 IMAGE_TOO_LARGE"),
                image(group, "gif of 60,000 frames", HostileImages.gif(1, 1, 0, 0, 60_000), "200"),
                image(
                        group,
                        "gif with a comment that does not end",
                        HostileImages.gifWithEndlessComment(),
                        "422 IMAGE_UNDECODABLE"),
                image(
                        group,
                        "tiff of 65,536 x 32,768 (2^31 pixels)",
                        HostileImages.tiff(Map.of(256, new long[] {1, 65_536}, 257, new long[] {1, 32_768}), gray),
                        "413 IMAGE_TOO_LARGE"),
                image(
                        group,
                        "tiff of 2^31 - 1 strips",
                        HostileImages.tiff(
                                Map.of(273, new long[] {Integer.MAX_VALUE, 8}, 279, new long[] {Integer.MAX_VALUE, 8}),
                                gray),
                        "422 IMAGE_UNDECODABLE"),
                image(
                        group,
                        "tiff with its strip behind the end",
                        HostileImages.tiff(Map.of(273, new long[] {1, Integer.MAX_VALUE}), gray),
                        "422 IMAGE_UNDECODABLE"),
                image(
                        group,
                        "tiff of tiles of 65,536 x 65,536",
                        HostileImages.tiff(Map.of(322, new long[] {1, 65_536}, 323, new long[] {1, 65_536}), gray),
                        "422 IMAGE_UNDECODABLE"),
                image(
                        group,
                        "tiff of 60,000 samples per pixel",
                        HostileImages.tiff(Map.of(277, new long[] {1, 60_000}), gray),
                        "422 IMAGE_UNDECODABLE"),
                image(group, "tiff whose next page is itself", HostileImages.tiff(Map.of(), gray), "200"),
                image(
                        group,
                        "tiff whose EXIF block is itself",
                        HostileImages.tiff(Map.of(34_665, new long[] {1, 8}), gray),
                        "200"),
                image(
                        group,
                        "tiff of 300 kB with 250 tags of 300 kB each",
                        HostileImages.tiffWithOverlappingValues(),
                        "200"),
                image(
                        group,
                        "png with such a block as its EXIF",
                        HostileImages.pngWithExif(HostileImages.tiffWithOverlappingValues()),
                        "200"),
                image(group, "tiff of 16 x 16 with 300 MB of data", HostileImages.tiffWithBomb(), "200"),
                image(
                        group,
                        "bmp of 2^31 - 1 x -2^31",
                        HostileImages.bmp(Integer.MAX_VALUE, Integer.MIN_VALUE),
                        "413 IMAGE_TOO_LARGE"),
                image(group, "jpeg of 65,535 x 65,535", HostileImages.hugeJpeg(), "413 IMAGE_TOO_LARGE"),
                image(
                        group,
                        "webp of 34 bytes with 65,536 groups of codes",
                        HostileImages.webpWithGroupsOfCodes(),
                        "422 IMAGE_UNDECODABLE"));
    }
}
