package dev.gnserve.badinput;

import static dev.gnserve.badinput.BadInput.INFER;
import static dev.gnserve.badinput.BadInput.bytes;
import static dev.gnserve.badinput.BadInput.head;
import static dev.gnserve.badinput.BadInput.sent;

import dev.gnserve.badinput.BadInput.Then;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** Bodies of the Open Inference Protocol. */
final class BadTensors {

    private BadTensors() {}

    static Stream<BadInput> rows() {
        String group = "Tensors";
        String zeros = "[" + String.join(",", Collections.nCopies(768, "0")) + "]";
        String sized = tensor("[1,3,16,16]", "\"parameters\":{\"binary_data_size\":3072}");
        return Stream.of(
                tensors(group, "null", "null"),
                tensors(group, "no inputs", "{\"inputs\":[]}"),
                tensors(group, "100,000 brackets", "{\"inputs\":" + "[".repeat(100_000)),
                tensors(group, "100,000 objects in each other", "{\"a\":".repeat(100_000)),
                tensors(group, "a text of 3 MB", "{\"id\":\"" + "x".repeat(3_000_000) + "\"}"),
                tensors(group, "a name of 3 MB", "{\"" + "x".repeat(3_000_000) + "\":1}"),
                tensors(
                        group,
                        "200,000 unknown fields",
                        "{"
                                + String.join(
                                        ",",
                                        IntStream.range(0, 200_000)
                                                .mapToObj(i -> "\"f" + i + "\":1")
                                                .toList())
                                + "}"),
                tensors(group, "the same field twice", "{\"id\":\"a\",\"id\":\"b\"}"),
                tensors(
                        group,
                        "a number of a million digits",
                        tensor("[1,3,16,16]", "\"data\":[" + "1".repeat(1_000_000) + "]")),
                tensors(group, "1E1000000000 in the shape", tensor("[1E1000000000,3,16,16]", "\"data\":[1]")),
                tensors(group, "NaN", tensor("[1,3,16,16]", "\"data\":[NaN" + ",0".repeat(767) + "]")),
                tensors(group, "-Infinity", tensor("[1,3,16,16]", "\"data\":[-Infinity" + ",0".repeat(767) + "]")),
                tensors(group, "1e39 as FP32", tensor("[1,3,16,16]", "\"data\":[1e39" + ",0".repeat(767) + "]")),
                tensors(
                        group,
                        "a text for a number",
                        tensor("[1,3,16,16]", "\"data\":[\"NaN\"" + ",0".repeat(767) + "]")),
                tensors(group, "shape [-1, 3, 16, 16]", tensor("[-1,3,16,16]", "\"data\":" + zeros)),
                tensors(group, "shape [0, 3, 16, 16]", tensor("[0,3,16,16]", "\"data\":[]")),
                tensors(
                        group,
                        "a shape whose product is 0 in 32 bits",
                        tensor("[65536,3,65536,16]", "\"data\":" + zeros)),
                tensors(
                        group,
                        "a shape whose product is 2^93",
                        tensor("[2147483632,3,2147483632,2147483632]", "\"data\":" + zeros)),
                tensors(group, "a shape with 2^63", tensor("[9223372036854775808,3,16,16]", "\"data\":" + zeros)),
                tensors(
                        group,
                        "a shape of 100,000 axes",
                        tensor("[" + "1,".repeat(99_999) + "1]", "\"data\":" + zeros)),
                tensors(
                        group,
                        "a shape of 800 million values without them",
                        tensor("[1,3,16384,16384]", "\"data\":[1]")),
                tensors(group, "fewer values than the shape has", tensor("[1,3,16,16]", "\"data\":[1]")),
                tensors(
                        group,
                        "binary data that are not there",
                        tensor("[1,3,16,16]", "\"parameters\":{\"binary_data_size\":9223372036854775807}")),
                tensors(
                        group,
                        "binary data of a size below zero",
                        tensor("[1,3,16,16]", "\"parameters\":{\"binary_data_size\":-1}")),
                tensors(group, "a timeout below zero", "{\"parameters\":{\"timeout\":-1},\"inputs\":[]}"),
                tensors(group, "two documents", "{\"inputs\":[]}{\"inputs\":[]}"),
                tensors(group, "XML", "<inputs/>"),
                binary(group, "a header length of one less", sized, String.valueOf(sized.length() - 1), "400 error"),
                binary(group, "a header length of one more", sized, String.valueOf(sized.length() + 1), "400 error"),
                binary(group, "a header length of -1", sized, "-1", "400 error"),
                binary(group, "a header length of 10^20", sized, "100000000000000000000", "400 error"),
                binary(group, "the right header length", sized, String.valueOf(sized.length()), "200"),
                sent(
                        group,
                        "Content-Encoding: gzip, which the body is not",
                        bytes(head("POST", INFER, "Content-Encoding: gzip\r\nContent-Length: 2\r\n") + "{}"),
                        Then.IS_SILENT,
                        "400 error"),
                encoded(group, "Content-Encoding: br", "br", new byte[2], "400 error"),
                encoded(group, "300 MB in gzip", "gzip", gzip(300_000_000), "413 error"),
                tensors(group, "a sequence", "{\"parameters\":{\"sequence_id\":1},\"inputs\":[]}"),
                tensors(
                        group,
                        "a tensor in shared memory",
                        tensor("[1,3,16,16]", "\"parameters\":{\"shared_memory_region\":\"a\"}")),
                sent(
                        group,
                        "a parameter of the query that is no UTF-8",
                        bytes(head("POST", INFER + "?a=%ff", "Content-Length: 2\r\n") + "{}"),
                        Then.IS_SILENT,
                        "400 error"));
    }

    private static BadInput encoded(String group, String tried, String encoding, byte[] body, String answer) {
        String headers = "Content-Encoding: " + encoding + "\r\nContent-Length: " + body.length + "\r\n";
        return sent(group, tried, bytes(head("POST", INFER, headers), body), Then.IS_SILENT, answer);
    }

    /** Spaces, compressed. */
    private static byte[] gzip(int length) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            byte[] spaces = " ".repeat(1_000_000).getBytes(StandardCharsets.US_ASCII);
            for (int written = 0; written < length; written += spaces.length) {
                out.write(spaces);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    private static String tensor(String shape, String rest) {
        return "{\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"shape\":%s,%s}]}".formatted(shape, rest);
    }

    private static BadInput tensors(String group, String tried, String json) {
        byte[] body = bytes(json);
        return sent(
                group,
                tried,
                bytes(head("POST", INFER, "Content-Length: " + body.length + "\r\n"), body),
                Then.IS_SILENT,
                "400 error");
    }

    private static BadInput binary(String group, String tried, String json, String headerLength, String answer) {
        byte[] body = bytes(json, new byte[3072]);
        String headers =
                "Inference-Header-Content-Length: " + headerLength + "\r\nContent-Length: " + body.length + "\r\n";
        return sent(group, tried, bytes(head("POST", INFER, headers), body), Then.IS_SILENT, answer);
    }
}
