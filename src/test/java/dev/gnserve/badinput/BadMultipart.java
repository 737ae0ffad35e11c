package dev.gnserve.badinput;

import static dev.gnserve.badinput.BadInput.A_PART;
import static dev.gnserve.badinput.BadInput.END;
import static dev.gnserve.badinput.BadInput.GOOD;
import static dev.gnserve.badinput.BadInput.PARTS;
import static dev.gnserve.badinput.BadInput.bytes;
import static dev.gnserve.badinput.BadInput.posted;

import java.util.stream.Stream;

/** Bodies of several parts that are none. */
final class BadMultipart {

    private BadMultipart() {}

    static Stream<BadInput> rows() {
        String group = "Multipart bodies";
        byte[] good = bytes(A_PART, GOOD, END);
        return Stream.of(
                posted(group, "no boundary", "Content-Type: multipart/form-data\r\n", good, "400 INVALID_REQUEST"),
                posted(
                        group,
                        "an empty boundary",
                        "Content-Type: multipart/form-data; boundary=\r\n",
                        good,
                        "415 UNSUPPORTED_MEDIA"),
                posted(
                        group,
                        "a boundary of 7,000 characters",
                        "Content-Type: multipart/form-data; boundary=" + "X".repeat(7_000) + "\r\n",
                        good,
                        "400 INVALID_REQUEST"),
                posted(
                        group,
                        "another boundary than declared",
                        PARTS,
                        bytes("--YY\r\n\r\nabc\r\n--YY--\r\n"),
                        "400 INVALID_REQUEST"),
                posted(
                        group,
                        "lines that end with a line feed alone",
                        PARTS,
                        bytes(A_PART.replace("\r", ""), GOOD, END.replace("\r", "")),
                        "400 INVALID_REQUEST"),
                posted(
                        group,
                        "a part in base64",
                        PARTS,
                        bytes(
                                A_PART.replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
                                "iVBORw0KGgo=",
                                END),
                        "400 INVALID_REQUEST"),
                posted(group, "no end", PARTS, bytes(A_PART, GOOD), "400 INVALID_REQUEST"),
                posted(
                        group,
                        "an end in the middle of a part's headers",
                        PARTS,
                        bytes("--XX\r\nContent-Dispo"),
                        "400 INVALID_REQUEST"),
                posted(
                        group,
                        "headers of a part that do not end within 200 kB",
                        PARTS,
                        bytes("--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\""
                                + "a".repeat(200_000)),
                        "400 INVALID_REQUEST"),
                posted(
                        group,
                        "control characters as a part's headers",
                        PARTS,
                        bytes("--XX\r\n\0\u00ff:::\r\n\r\nabc" + END),
                        "400 INVALID_REQUEST"),
                posted(
                        group,
                        "10,000 files",
                        PARTS,
                        bytes((A_PART + "x\r\n").repeat(10_000) + "--XX--\r\n"),
                        "400 INVALID_REQUEST"),
                posted(
                        group,
                        "10,000 fields",
                        PARTS,
                        bytes("--XX\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nx\r\n".repeat(10_000)
                                + "--XX--\r\n"),
                        "400 INVALID_REQUEST"),
                posted(
                        group,
                        "40 images",
                        PARTS,
                        bytes((A_PART + "x\r\n").repeat(40) + "--XX--\r\n"),
                        "400 INVALID_REQUEST"),
                posted(
                        group,
                        "no part named image",
                        PARTS,
                        bytes("--XX\r\nContent-Disposition: form-data; name=\"img\"; filename=\"a\"\r\n\r\nx" + END),
                        "400 INVALID_REQUEST"),
                posted(group, "an empty file", PARTS, bytes(A_PART + END), "415 UNSUPPORTED_MEDIA"),
                posted(group, "the same part twice", PARTS, bytes(A_PART, GOOD, "\r\n" + A_PART, GOOD, END), "200"),
                posted(
                        group,
                        "a file name that climbs out of its folder",
                        PARTS,
                        bytes(A_PART.replace("a.png", "../../../etc/passwd"), GOOD, END),
                        "200"),
                posted(group, "an empty form", PARTS, bytes("--XX--\r\n"), "400 INVALID_REQUEST"),
                posted(
                        group,
                        "a form that is no multipart",
                        "Content-Type: application/x-www-form-urlencoded\r\n",
                        bytes("image=a"),
                        "415 UNSUPPORTED_MEDIA"));
    }
}
