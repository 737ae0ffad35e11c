package dev.gnserve.badinput;

import static dev.gnserve.badinput.BadInput.GOOD;
import static dev.gnserve.badinput.BadInput.IMAGE;
import static dev.gnserve.badinput.BadInput.SEGMENT;
import static dev.gnserve.badinput.BadInput.bytes;
import static dev.gnserve.badinput.BadInput.head;
import static dev.gnserve.badinput.BadInput.posted;
import static dev.gnserve.badinput.BadInput.sent;

import dev.gnserve.badinput.BadInput.Then;
import java.util.Collections;
import java.util.stream.Stream;

/** Request lines, headers and parameters. */
final class BadHttp {

    private BadHttp() {}

    static Stream<BadInput> rows() {
        String group = "Request lines, headers, parameters";
        return Stream.of(
                got(group, "a path of 100 kB", "/v1/models/" + "a".repeat(100_000), "", "400 INVALID_REQUEST"),
                got(group, "a path that climbs", "/v1/../../etc/passwd", "", "400 INVALID_REQUEST"),
                got(group, "a path that climbs, encoded", "/v1/models/..%2f..%2fetc", "", "400 INVALID_REQUEST"),
                got(group, "a line feed in a path", "/v1/models/a%0aERROR%20forged", "", "404 MODEL_NOT_FOUND"),
                got(group, "a zero in a path", "/v1/models/%00", "", "400 INVALID_REQUEST"),
                got(group, "bytes in a path that are no ASCII", "/v1/models/\u00e9", "", "400 INVALID_REQUEST"),
                queried(group, "an unknown parameter", "nonsense=1", "400 INVALID_REQUEST"),
                queried(
                        group,
                        "a parameter twice, other than `classes`",
                        "threshold=0.5&threshold=0.9",
                        "400 INVALID_REQUEST"),
                queried(group, "a parameter of 6 kB", "version=" + "a".repeat(6_000), "404 MODEL_NOT_FOUND"),
                queried(
                        group,
                        "2,000 parameters",
                        String.join("&", Collections.nCopies(2_000, "p")),
                        "400 INVALID_REQUEST"),
                queried(group, "a percent sign that encodes nothing", "version=%zz", "400 INVALID_REQUEST"),
                queried(group, "a parameter that is no UTF-8", "version=%ff%fe", "400 INVALID_REQUEST"),
                queried(group, "threshold=NaN", "threshold=NaN", "400 INVALID_REQUEST"),
                queried(group, "threshold=1e999", "threshold=1e999", "400 INVALID_REQUEST"),
                queried(group, "version=../../etc", "version=../../etc", "404 MODEL_NOT_FOUND"),
                posted(group, "X-Timeout-Millis: -5", IMAGE + "X-Timeout-Millis: -5\r\n", GOOD, "400 INVALID_REQUEST"),
                posted(
                        group,
                        "X-Timeout-Millis: 2^63 - 1",
                        IMAGE + "X-Timeout-Millis: 9223372036854775807\r\n",
                        GOOD,
                        "200"),
                posted(
                        group,
                        "a header of 20 kB",
                        IMAGE + "X-A: " + "a".repeat(20_000) + "\r\n",
                        GOOD,
                        "400 INVALID_REQUEST"),
                posted(group, "200 headers", IMAGE + "X-A: a\r\n".repeat(200), GOOD, "400 INVALID_REQUEST"),
                posted(group, "control characters in a header", IMAGE + "X-A: \0\1\r\n", GOOD, "400 INVALID_REQUEST"),
                posted(
                        group,
                        "Accept: nothing that is known",
                        IMAGE + "Accept: text/csv\r\n",
                        GOOD,
                        "406 NOT_ACCEPTABLE"),
                posted(group, "Expect: 100-continue", IMAGE + "Expect: 100-continue\r\n", GOOD, "200"),
                sent(
                        group,
                        "Expect: 100-continue before 5 MB",
                        bytes(head("POST", SEGMENT, IMAGE + "Expect: 100-continue\r\nContent-Length: 5000000\r\n")),
                        Then.ENDS,
                        "413 UPLOAD_TOO_LARGE"),
                posted(group, "Expect: tea", IMAGE + "Expect: tea\r\n", GOOD, "417 INVALID_REQUEST"),
                sent(
                        group,
                        "no Host",
                        bytes("GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n"),
                        Then.IS_SILENT,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "two Hosts",
                        bytes("GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"),
                        Then.IS_SILENT,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "HTTP/1.0",
                        bytes(
                                "POST " + SEGMENT + " HTTP/1.0\r\n" + IMAGE + "Content-Length: " + GOOD.length
                                        + "\r\n\r\n",
                                GOOD),
                        Then.IS_SILENT,
                        "200"),
                sent(
                        group,
                        "HTTP/9.9",
                        bytes("GET /v1/models HTTP/9.9\r\nHost: x\r\n\r\n"),
                        Then.IS_SILENT,
                        "505 INVALID_REQUEST"),
                sent(
                        group,
                        "the beginning of TLS",
                        bytes("\u0016\u0003\u0001\0\u00c8\u0001\0\0\u00c4\u0003\u0003" + "\0".repeat(200)),
                        Then.ENDS,
                        "400 INVALID_REQUEST"),
                sent(
                        group,
                        "a method of control characters",
                        bytes("\0\1\2 / HTTP/1.1\r\nHost: x\r\n\r\n"),
                        Then.IS_SILENT,
                        "400 INVALID_REQUEST"),
                sent(group, "TRACE", bytes(head("TRACE", "/v1/models", "")), Then.IS_SILENT, "405 METHOD_NOT_ALLOWED"),
                sent(
                        group,
                        "a sound request and then garbage on the same connection",
                        bytes("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\ngarbage\r\n\r\n"),
                        Then.IS_SILENT,
                        "200, then 400 INVALID_REQUEST"));
    }

    private static BadInput queried(String group, String tried, String query, String answer) {
        return sent(
                group,
                tried,
                bytes(head("POST", SEGMENT + "?" + query, IMAGE + "Content-Length: " + GOOD.length + "\r\n"), GOOD),
                Then.IS_SILENT,
                answer);
    }

    private static BadInput got(String group, String tried, String path, String headers, String answer) {
        return sent(group, tried, bytes(head("GET", path, headers)), Then.IS_SILENT, answer);
    }
}
