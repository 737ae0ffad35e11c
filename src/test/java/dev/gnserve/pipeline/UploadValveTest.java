package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.connection.ClientProtocol;
import dev.gnserve.connection.SlowClients;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServer;

/** Runs Tomcat, as the valve depends on how Tomcat parses and buffers bodies. */
@Timeout(30)
class UploadValveTest {

    private static final int TOTAL = 100_000;

    private static final int MOST_WAITING = 3;

    private final UploadBudget budget = new UploadBudget(TOTAL, Duration.ofMillis(200));
    private final SlowClients slowClients = new SlowClients(MOST_WAITING, Duration.ofMinutes(1));

    /** How each request ended: the bytes of its parts, or a failure. */
    private final BlockingQueue<Object> ends = new LinkedBlockingQueue<>();

    /** What each answer waits for. */
    private CountDownLatch answers = new CountDownLatch(0);

    private WebServer server;

    @BeforeEach
    void start() {
        server = start(Duration.ofSeconds(20));
    }

    private WebServer start(Duration longest) {
        TomcatServletWebServerFactory factory = new TomcatServletWebServerFactory(0);
        factory.setProtocol(ClientProtocol.class.getName());
        factory.addConnectorCustomizers(
                connector -> ((ClientProtocol) connector.getProtocolHandler()).limit(slowClients));
        factory.addEngineValves(new UploadValve(budget, longest, -1));
        WebServer started = factory.getWebServer(context -> {
            ServletRegistration.Dynamic servlet = context.addServlet("parsing", new Parsing());
            servlet.setMultipartConfig(new MultipartConfigElement("", -1, -1, Integer.MAX_VALUE));
            servlet.addMapping("/");
        });
        started.start();
        return started;
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
                answers.await();
                response.getWriter().print("<" + bytes + ">");
            } catch (FailureException e) {
                ends.add(e.failure().code());
                response.sendError(429, "<full>");
            } catch (InterruptedException e) {
                throw new ServletException(e);
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

    @Test
    void whenTooManyThreadsWaitForBodiesTheSlowestClientIsRefused() throws Exception {
        String upload = sized(parts(1, 10_000), "");
        try (Sockets sockets = new Sockets()) {
            for (int i = 0; i < MOST_WAITING; i++) {
                send(sockets.open(), upload.substring(0, 1_000));
                awaitWaiting(i + 1);
            }

            send(sockets.open(), upload.substring(0, 1_000));

            assertThat(answer(sockets.get(0))).contains(" 429 ", "Connection: close");
            assertThat(ends.take()).hasToString("OVERLOADED");
            for (int i = 1; i <= MOST_WAITING; i++) {
                send(sockets.get(i), upload.substring(1_000));
                assertThat(answer(sockets.get(i))).contains("200", "<10000>");
            }
        }
        awaitWaiting(0);
        awaitWholeBudget();
    }

    /** What comes behind an early response, a method that takes no body, a request that no servlet sees. */
    @ParameterizedTest
    @ValueSource(strings = {"PATCH /", "GET /", "TRACE /"})
    void bodiesThatNobodyReadsGiveWayToo(String requested) throws Exception {
        try (Sockets sockets = new Sockets()) {
            for (int i = 0; i < MOST_WAITING; i++) {
                send(sockets.open(), requested + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\nx");
                assertThat(answer(sockets.get(i))).contains(" 405 ");
                awaitWaiting(i + 1);
            }

            Socket next = sockets.open();
            send(next, sized(parts(1, 10_000), "").substring(0, 1_000));

            assertThat(sockets.get(0).getInputStream().readAllBytes())
                    .as("the end of the connection")
                    .isEmpty();
            send(next, sized(parts(1, 10_000), "").substring(1_000));
            assertThat(answer(next)).contains("200", "<10000>");
        }
    }

    /** The parser of parts leaves the last line break unread. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anAnswerThatTakesLongerThanABodyMayLeavesTheConnectionOpen(boolean chunked) throws Exception {
        Duration longest = Duration.ofSeconds(2);
        server.stop();
        server = start(longest);
        String upload = chunked ? chunked(parts(1, 10_000)) : sized(parts(1, 10_000), "");
        try (Socket socket = new Socket("localhost", server.getPort())) {
            answers = new CountDownLatch(1);
            long sent = System.nanoTime();
            send(socket, upload);
            assertThat(ends.take()).isEqualTo(10_000L);
            while (System.nanoTime() - sent <= longest.toNanos()) {
                Thread.sleep(20);
            }
            answers.countDown();
            assertThat(answer(socket)).contains("200", "<10000>");

            send(socket, upload);

            assertThat(answer(socket)).contains("200", "<10000>");
        }
    }

    /** Tomcat would read such a body for as long as bytes come. */
    @ParameterizedTest
    @ValueSource(strings = {"OPTIONS * HTTP/1.1\r\n", "GET / HTTP/1.1\r\nExpect: 100-continue\r\n"})
    void aConnectionWhoseBodyIsNotReadIsClosed(String requested) throws Exception {
        try (Socket socket = new Socket("localhost", server.getPort())) {
            send(socket, requested + "Host: localhost\r\nContent-Length: 9000\r\n\r\nx");

            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 ");
        }
    }

    @Test
    void ofTwoBodiesThatGrowTogetherOneIsRead() throws Exception {
        String first = head("Content-Length: 90000\r\n", "") + parts(1, 90_000);
        try (Sockets sockets = new Sockets()) {
            send(sockets.open(), first.substring(0, 50_000));
            send(sockets.open(), first.substring(0, 50_000));
            while (canTake(1_000)) {
                Thread.onSpinWait();
            }

            send(sockets.get(0), first.substring(50_000, first.indexOf("\r\n\r\n") + 4 + 90_000));
            send(sockets.get(1), first.substring(50_000, first.indexOf("\r\n\r\n") + 4 + 90_000));

            List<Object> both = List.of(ends.take(), ends.take());
            assertThat(both).extracting(Object::toString).containsOnlyOnce("OVERLOADED");
        }
    }

    @Test
    void halfSentUploadsGiveWayToAWholeOne() throws Exception {
        try (Sockets sockets = new Sockets()) {
            for (int i = 0; i < 2; i++) {
                send(sockets.open(), sized(parts(1, 60_000), "").substring(0, 49_000));
            }
            while (canTake(10_000)) {
                Thread.onSpinWait();
            }

            Socket whole = sockets.open();
            send(whole, sized(parts(1, 40_000), ""));

            assertThat(answer(whole)).contains("200", "<40000>");
        }
        awaitWholeBudget();
    }

    /** A chunk's extension is read before any byte of the body. */
    @Test
    void theTimeOfABodyEndsInTheMiddleOfAChunksHeader() throws Exception {
        WebServer hasty = start(Duration.ofMillis(300));
        try (Socket socket = new Socket("localhost", hasty.getPort())) {
            send(socket, head("Transfer-Encoding: chunked\r\n", "") + "4;a=");
            while (ends.isEmpty()) {
                send(socket, "b");
                TimeUnit.MILLISECONDS.sleep(10);
            }

            assertThat(ends.take()).isEqualTo("broken");
        } finally {
            hasty.stop();
        }
    }

    private void awaitWaiting(int threads) {
        while (slowClients.waiting() != threads) {
            Thread.onSpinWait();
        }
    }

    private final class Sockets implements AutoCloseable {

        private final List<Socket> all = new ArrayList<>();

        Socket open() throws IOException {
            all.add(new Socket("localhost", server.getPort()));
            return all.get(all.size() - 1);
        }

        Socket get(int index) {
            return all.get(index);
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : all) {
                socket.close();
            }
        }
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
