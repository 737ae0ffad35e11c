package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.failure.FailureException;
import jakarta.servlet.MultipartConfigElement;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServer;

/** Runs Tomcat, as the valve depends on how Tomcat parses and buffers bodies. */
@Timeout(30)
class UploadValveTest {

    private static final int TOTAL = 100_000;

    private final UploadBudget budget = new UploadBudget(TOTAL, Duration.ofMillis(200));

    /** How each request ended: the bytes of its parts, or a failure. */
    private final BlockingQueue<Object> ends = new LinkedBlockingQueue<>();

    private WebServer server;

    @BeforeEach
    void start() {
        TomcatServletWebServerFactory factory = new TomcatServletWebServerFactory(0);
        factory.addEngineValves(new UploadValve(budget, Duration.ofSeconds(20), -1));
        server = factory.getWebServer(context -> {
            ServletRegistration.Dynamic servlet = context.addServlet("parsing", new Parsing());
            servlet.setMultipartConfig(new MultipartConfigElement("", -1, -1, Integer.MAX_VALUE));
            servlet.addMapping("/");
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    @SuppressWarnings("serial")
    private final class Parsing extends HttpServlet {

        @Override
        protected void doPost(HttpServletRequest request, HttpServletResponse response)
                throws IOException, ServletException {
            try {
                long bytes =
                        request.getParts().stream().mapToLong(Part::getSize).sum();
                ends.add(bytes);
                response.getWriter().print("<" + bytes + ">");
            } catch (FailureException e) {
                ends.add(e.failure().code());
                response.sendError(429, "<full>");
            } catch (IOException | ServletException | RuntimeException e) {
                ends.add("broken");
                throw e;
            }
        }
    }

    static Stream<String> wholeUploads() {
        String one = parts(1, 40_000);
        return Stream.of(
                sized(one, ""),
                chunked(one),
                sized(one, "Expect: 100-continue\r\n"),
                sized(parts(50, 800), ""),
                sized(one, "") + sized(one, ""), // Pipelined.
                sized(one + "x".repeat(TOTAL), "")); // Nothing is read after the last part.
    }

    @ParameterizedTest
    @MethodSource("wholeUploads")
    void aFinishedUploadGivesItsShareBack(String upload) throws Exception {
        try (Socket socket = new Socket("localhost", server.getPort())) {
            send(socket, upload);

            for (int from = upload.indexOf("POST"); from >= 0; from = upload.indexOf("POST", from + 1)) {
                assertThat(answer(socket)).contains("200", "<40000>");
            }

            awaitWholeBudget();
        }
    }

    static Stream<String> largeUploads() {
        String large = parts(1, TOTAL / 2) + " ".repeat(TOTAL * 10);
        return Stream.of(sized(large, ""), chunked(large), sized(parts(60, 1_000), ""));
    }

    @ParameterizedTest
    @MethodSource("largeUploads")
    void anUploadThatExceedsTheBudgetIsRefusedAndItsRestCountsNothing(String upload) throws Exception {
        try (Share other = budget.take(0);
                Socket socket = new Socket("localhost", server.getPort())) {
            other.growBy(TOTAL - 20_000);

            send(socket, upload);

            assertThat(answer(socket)).contains(" 429 ");
            assertThat(ends.take()).hasToString("OVERLOADED");
            send(socket, sized(parts(1, 10_000), ""));
            assertThat(answer(socket)).as("the next on the connection").contains("200", "<10000>");
        }
        awaitWholeBudget();
    }

    /** Tomcat closes the connection after such a response, with a reset if more of the body arrived. */
    @Test
    void theClientOfAnUploadThatIsRefusedAfter100ContinueReadsTheResponse() throws Exception {
        try (Share other = budget.take(0);
                Socket socket = new Socket("localhost", server.getPort())) {
            other.growBy(TOTAL - 20_000);
            String body = parts(1, TOTAL / 2) + " ".repeat(TOTAL * 50);

            send(socket, sized(body, "Expect: 100-continue\r\n"));

            assertThat(answer(socket)).contains(" 429 ");
        }
        awaitWholeBudget();
    }

    @Test
    void aRefusedUploadHoldsNoShareWhileItsRestArrives() throws Exception {
        try (Socket socket = new Socket("localhost", server.getPort())) {
            try (Share other = budget.take(0)) {
                other.growBy(TOTAL - 20_000);
                send(socket, head("Content-Length: 90000\r\n", "") + parts(1, 60_000));
                assertThat(ends.take()).hasToString("OVERLOADED");
            }

            awaitWholeBudget();
        }
    }

    @Test
    void halfAnUploadHoldsItsShareUntilTheClientDisconnects() throws Exception {
        try (Socket socket = new Socket("localhost", server.getPort())) {
            send(
                    socket,
                    head("Content-Length: 90000\r\n", "") + parts(1, 60_000).substring(0, 50_000));
            while (canTake(TOTAL - 50_000 + 1)) {
                Thread.onSpinWait();
            }
            assertThat(canTake(TOTAL - 50_000)).isTrue();
            assertThat(ends).isEmpty();
        }

        assertThat(ends.take()).isEqualTo("broken");
        awaitWholeBudget();
    }

    private boolean canTake(int bytes) {
        try (Share share = budget.take(0)) {
            share.growBy(bytes);
            return true;
        } catch (FailureException e) {
            return false;
        }
    }

    /** The client may read the response before the request has ended. */
    private void awaitWholeBudget() {
        while (!canTake(TOTAL)) {
            Thread.onSpinWait();
        }
    }

    private static String parts(int count, int bytes) {
        String part = "--B\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n"
                + "x".repeat(bytes) + "\r\n";
        return part.repeat(count) + "--B--\r\n";
    }

    private static String head(String length, String more) {
        return "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=B\r\n" + length + more
                + "\r\n";
    }

    private static String sized(String body, String more) {
        return head("Content-Length: " + body.length() + "\r\n", more) + body;
    }

    private static String chunked(String body) {
        StringBuilder chunks = new StringBuilder(head("Transfer-Encoding: chunked\r\n", ""));
        for (int at = 0; at < body.length(); at += 3_000) {
            String chunk = body.substring(at, Math.min(body.length(), at + 3_000));
            chunks.append(Integer.toHexString(chunk.length()))
                    .append("\r\n")
                    .append(chunk)
                    .append("\r\n");
        }
        return chunks.append("0\r\n\r\n").toString();
    }

    private static void send(Socket socket, String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads one response to its last byte. */
    private static String answer(Socket socket) throws IOException {
        StringBuilder answer = new StringBuilder();
        int end = -1;
        int length = 0;
        while (end < 0 || answer.length() < end + length) {
            int one = socket.getInputStream().read();
            if (one < 0) {
                break;
            }
            answer.append((char) one);
            if (end < 0 && answer.toString().endsWith("\r\n\r\n")) {
                if (answer.toString().startsWith("HTTP/1.1 100")) {
                    answer.setLength(0);
                    continue;
                }
                end = answer.length();
                String head = answer.toString().toLowerCase(Locale.ROOT);
                int at = head.indexOf("content-length: ");
                length = at < 0
                        ? 0
                        : Integer.parseInt(
                                head.substring(at + 16, head.indexOf('\r', at)).strip());
            }
        }
        return answer.toString();
    }
}
