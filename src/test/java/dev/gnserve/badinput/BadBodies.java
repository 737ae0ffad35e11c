package dev.gnserve.badinput;

import static dev.gnserve.badinput.BadInput.A_PART;
import static dev.gnserve.badinput.BadInput.CLOSED;
import static dev.gnserve.badinput.BadInput.END;
import static dev.gnserve.badinput.BadInput.GOOD;
import static dev.gnserve.badinput.BadInput.IMAGE;
import static dev.gnserve.badinput.BadInput.INFER;
import static dev.gnserve.badinput.BadInput.PARTS;
import static dev.gnserve.badinput.BadInput.SEGMENT;
import static dev.gnserve.badinput.BadInput.bytes;
import static dev.gnserve.badinput.BadInput.head;
import static dev.gnserve.badinput.BadInput.posted;
import static dev.gnserve.badinput.BadInput.sent;

import dev.gnserve.badinput.BadInput.Then;
import java.util.stream.Stream;

/** Bodies of another length, encoding or speed than declared. */
final class BadBodies {

    private BadBodies() {}

    static Stream<BadInput> rows() {
        String group = "Lengths, encodings, slowness";
        byte[] gzip = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        String chunked = head("POST", SEGMENT, IMAGE + "Transfer-Encoding: chunked\r\n");
        return Stream.of(
                posted(group, "no body", IMAGE, new byte[0], "400 INVALID_REQUEST"),
                posted(group, "no Content-Type", "", GOOD, "200"),
                posted(group, "a Content-Type that is none", "Content-Type: image\r\n", GOOD, "415 UNSUPPORTED_MEDIA"),
                posted(
                        group,
                        "Content-Type: application/json",
                        "Content-Type: application/json\r\n",
                        GOOD,
                        "415 UNSUPPORTED_MEDIA"),
                posted(
                        group,
                        "Content-Encoding: gzip",
                        IMAGE + "Content-Encoding: gzip\r\n",
                        gzip,
                        "415 UNSUPPORTED_MEDIA"),
                sent(
                        group,
                        "fewer bytes than declared, then the end",
                        withLength(GOOD.length + 100, GOOD),
                        Then.ENDS,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "fewer bytes than declared, then silence",
                        withLength(GOOD.length + 100, GOOD),
                        Then.IS_SILENT,
                        "408 INVALID_REQUEST"),
                sent(
                        group,
                        "more bytes than declared",
                        withLength(GOOD.length - 50, GOOD),
                        Then.IS_SILENT,
                        "422 IMAGE_UNDECODABLE"),
                sent(
                        group,
                        "half a multipart body, then the end",
                        bytes(head("POST", SEGMENT, PARTS + "Content-Length: 4000\r\n") + A_PART),
                        Then.ENDS,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "half a multipart body, then silence",
                        bytes(head("POST", SEGMENT, PARTS + "Content-Length: 4000\r\n") + A_PART),
                        Then.IS_SILENT,
                        "408 INVALID_REQUEST"),
                sent(
                        group,
                        "half a JSON body, then the end",
                        bytes(head("POST", INFER, "Content-Length: 4000\r\n") + "{\"inputs\""),
                        Then.ENDS,
                        "400 error"),
                sent(
                        group,
                        "half a JSON body, then silence",
                        bytes(head("POST", INFER, "Content-Length: 4000\r\n") + "{\"inputs\""),
                        Then.IS_SILENT,
                        "408 error"),
                sent(
                        group,
                        "fewer bytes than declared, then one now and then",
                        withLength(GOOD.length + 100, GOOD),
                        Then.SENDS_A_BYTE_NOW_AND_THEN,
                        "408 INVALID_REQUEST"),
                sent(
                        group,
                        "half a multipart body, then a byte now and then",
                        bytes(head("POST", SEGMENT, PARTS + "Content-Length: 4000\r\n") + A_PART),
                        Then.SENDS_A_BYTE_NOW_AND_THEN,
                        "408 INVALID_REQUEST"),
                sent(
                        group,
                        "half a JSON body, then a byte now and then",
                        bytes(head("POST", INFER, "Content-Length: 4000\r\n") + "{\"inputs\""),
                        Then.SENDS_A_BYTE_NOW_AND_THEN,
                        "408 error"),
                sent(
                        group,
                        "5 MB announced where 4 are taken, a byte now and then, also after the answer",
                        withLength(5_000_000, GOOD),
                        Then.NEVER_STOPS_SENDING,
                        "413 UPLOAD_TOO_LARGE"),
                sent(
                        group,
                        "half a header, then silence",
                        bytes("POST " + SEGMENT + " HTTP/1.1\r\nHo"),
                        Then.IS_SILENT,
                        CLOSED),
                sent(
                        group,
                        "5 MB where 4 are taken",
                        withLength(5_000_000, new byte[5_000_000]),
                        Then.IS_SILENT,
                        "413 UPLOAD_TOO_LARGE"),
                posted(group, "5 MB in a part", PARTS, bytes(A_PART, new byte[5_000_000], END), "413 UPLOAD_TOO_LARGE"),
                sent(
                        group,
                        "5 MB in chunks",
                        bytes(chunked + "4c4b40\r\n", new byte[5_000_000], "\r\n0\r\n\r\n"),
                        Then.IS_SILENT,
                        "413 UPLOAD_TOO_LARGE"),
                sent(
                        group,
                        "a length of 2^63 - 1",
                        withLength(Long.MAX_VALUE, GOOD),
                        Then.ENDS,
                        "413 UPLOAD_TOO_LARGE"),
                posted(group, "a length below zero", IMAGE + "Content-Length: -5\r\n", GOOD, "400 INVALID_REQUEST"),
                sent(
                        group,
                        "a length that is no number",
                        bytes(head("POST", SEGMENT, IMAGE + "Content-Length: many\r\n"), GOOD),
                        Then.IS_SILENT,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "two lengths",
                        bytes(head("POST", SEGMENT, IMAGE + "Content-Length: 5\r\nContent-Length: 6\r\n") + "abcdef"),
                        Then.IS_SILENT,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "chunks",
                        bytes(chunked + Integer.toHexString(GOOD.length) + "\r\n", GOOD, "\r\n0\r\n\r\n"),
                        Then.IS_SILENT,
                        "200"),
                sent(
                        group,
                        "a chunk whose size is no number",
                        bytes(chunked + "zz\r\nabc\r\n0\r\n\r\n"),
                        Then.IS_SILENT,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "a chunk longer than its size",
                        bytes(chunked + "2\r\nabcdef\r\n0\r\n\r\n"),
                        Then.IS_SILENT,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "a chunk of 2^64 - 1 bytes",
                        bytes(chunked + "ffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
                        Then.IS_SILENT,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "a chunk that ends early",
                        bytes(chunked + "7fff\r\nabc"),
                        Then.ENDS,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "a chunk with an extension of 100 kB",
                        bytes(chunked + "3;" + "a".repeat(100_000) + "\r\nabc\r\n0\r\n\r\n"),
                        Then.IS_SILENT,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "an unknown Transfer-Encoding",
                        bytes(head("POST", SEGMENT, IMAGE + "Transfer-Encoding: zstd\r\n")),
                        Then.IS_SILENT,
                        "501 INVALID_REQUEST"));
    }

    private static byte[] withLength(long length, byte[] body) {
        return bytes(head("POST", SEGMENT, IMAGE + "Content-Length: " + length + "\r\n"), body);
    }
}
