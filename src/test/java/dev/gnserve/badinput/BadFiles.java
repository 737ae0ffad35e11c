package dev.gnserve.badinput;

import static dev.gnserve.badinput.BadInput.END;
import static dev.gnserve.badinput.BadInput.GOOD;
import static dev.gnserve.badinput.BadInput.PARTS;
import static dev.gnserve.badinput.BadInput.bytes;
import static dev.gnserve.badinput.BadInput.image;
import static dev.gnserve.badinput.BadInput.posted;

import java.util.Arrays;
import java.util.stream.Stream;

/** Files that are not what they seem. */
final class BadFiles {

    private BadFiles() {}

    static Stream<BadInput> rows() {
        String group = "Files that are not what they seem";
        byte[] altered = GOOD.clone();
        altered[altered.length / 2] ^= 4;
        return Stream.concat(
                Stream.of("rgb.png", "rgb.jpg", "rgb.bmp", "palette.gif", "lzw.tif", "lossless.webp")
                        .map(name -> {
                            byte[] whole = HostileImages.golden(name);
                            return image(
                                    group,
                                    name.substring(name.indexOf('.') + 1) + " cut in half",
                                    Arrays.copyOf(whole, whole.length / 2),
                                    "422 IMAGE_UNDECODABLE");
                        }),
                Stream.of(
                        image(group, "png with a wrong checksum", altered, "422 IMAGE_UNDECODABLE"),
                        posted(group, "png declared as image/jpeg", "Content-Type: image/jpeg\r\n", GOOD, "200"),
                        posted(
                                group,
                                "png named a.exe in a part of text/html",
                                PARTS,
                                bytes(
                                        "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.exe\"\r\nContent-Type: text/html\r\n\r\n",
                                        GOOD,
                                        END),
                                "200"),
                        image(
                                group,
                                "svg",
                                bytes("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
                                "415 UNSUPPORTED_MEDIA"),
                        image(group, "pdf", bytes("%PDF-1.7\n"), "415 UNSUPPORTED_MEDIA"),
                        image(group, "zip", bytes("PK\3\4" + "\0".repeat(50)), "415 UNSUPPORTED_MEDIA"),
                        image(group, "heic", bytes("\0\0\0\u0018ftypheic" + "\0".repeat(20)), "415 UNSUPPORTED_MEDIA"),
                        image(group, "one byte", new byte[] {(byte) 0x89}, "415 UNSUPPORTED_MEDIA"),
                        image(group, "jpeg, progressive", HostileImages.golden("progressive.jpg"), "200"),
                        image(group, "jpeg of inks (CMYK)", HostileImages.golden("cmyk.jpg"), "200"),
                        image(group, "tiff of 16 bits", HostileImages.golden("gray16.tif"), "200"),
                        image(
                                group,
                                "gif, animated (the first frame counts)",
                                HostileImages.golden("animated.gif"),
                                "200"),
                        image(
                                group,
                                "webp, animated (the first frame counts)",
                                HostileImages.golden("animated.webp"),
                                "200")));
    }
}
