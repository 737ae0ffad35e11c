package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.connection.ClientProtocol;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
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

/** Runs Tomcat, as the check depends on its connector. */
@Timeout(30)
class ClientConnectionTest {

    private static final String SOUND = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody";
    private static final String CHUNKED =
            "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";

    /** Whether the connection is closed, from each check that the test asks for. */
    private final BlockingQueue<Boolean> seen = new LinkedBlockingQueue<>();

    private final SynchronousQueue<Boolean> look = new SynchronousQueue<>();
    private WebServer server;

    @BeforeEach
    void start() {
        TomcatServletWebServerFactory factory = new TomcatServletWebServerFactory(0);
        factory.setProtocol(ClientProtocol.class.getName());
        new ClientConnection.OfTomcat().clientConnections().customize(factory);
        server = factory.getWebServer(
                context -> context.addServlet("looking", new Looking()).addMapping("/"));
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    @SuppressWarnings("serial")
    private final class Looking extends HttpServlet {

        @Override
        protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
            String body = new String(request.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            ClientConnection connection = ClientConnection.of(request);
            try {
                while (look.take()) {
                    seen.add(connection.isClosed());
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            response.getWriter().print("<" + (body.length() > 100 ? body.length() + " bytes" : body) + ">");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SOUND, CHUNKED})
    void staysOpenWhileTheClientWaitsHoweverOftenItIsChecked(String request) throws Exception {
        try (Socket socket = new Socket("localhost", server.getPort())) {
            send(socket, request);
            for (int i = 0; i < 100; i++) {
                assertThat(isClosed()).isFalse();
            }
            look.put(false);
            assertThat(answer(socket)).contains("200", "<body>");
            send(socket, request);
            assertThat(isClosed()).as("the next request on the connection").isFalse();
            look.put(false);
            assertThat(answer(socket)).contains("200", "<body>");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SOUND, CHUNKED})
    void isClosedAfterTheClientClosedIt(String request) throws Exception {
        try (Socket socket = new Socket("localhost", server.getPort())) {
            send(socket, request);
            assertThat(isClosed()).isFalse();
        }
        awaitClosed();
        assertThat(isClosed()).as("for good").isTrue();
        look.put(false);
    }

    @Test
    void isClosedAfterTheClientResetIt() throws Exception {
        try (Socket socket = new Socket("localhost", server.getPort())) {
            send(socket, SOUND);
            assertThat(isClosed()).isFalse();
            socket.setSoLinger(true, 0);
        }
        awaitClosed();
        look.put(false);
    }

    /** The next request arrives in pieces, as one byte looks like the end. */
    @ParameterizedTest
    @ValueSource(strings = {SOUND, CHUNKED})
    void staysOpenWhenTheNextRequestArrivesAndBothAreAnswered(String request) throws Exception {
        try (Socket socket = new Socket("localhost", server.getPort())) {
            socket.setTcpNoDelay(true);
            send(socket, request);
            assertThat(isClosed()).isFalse();
            send(socket, "P");
            for (int i = 0; i < 100; i++) {
                assertThat(isClosed()).isFalse();
                TimeUnit.MILLISECONDS.sleep(1); // One of the checks sees the byte.
            }
            send(socket, request.substring(1));
            assertThat(isClosed()).isFalse();
            look.put(false);
            assertThat(answer(socket)).contains("200", "<body>");
            assertThat(isClosed()).isFalse();
            look.put(false);
            assertThat(answer(socket)).contains("200", "<body>");
        }
    }

    static Stream<List<String>> threeKinds() {
        String large = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n" + "x".repeat(20_000);
        return Stream.of(
                List.of(SOUND, CHUNKED, large),
                List.of(SOUND, large, CHUNKED),
                List.of(CHUNKED, SOUND, large),
                List.of(CHUNKED, large, SOUND),
                List.of(large, SOUND, CHUNKED),
                List.of(large, CHUNKED, SOUND));
    }

    /** Tomcat reads the first bytes of the second one together with the end of the first one. */
    @ParameterizedTest
    @MethodSource("threeKinds")
    void requestsThatWereSentTogetherAreAnsweredInTheirOrderHoweverOftenTheConnectionIsChecked(List<String> requests)
            throws Exception {
        try (Socket socket = new Socket("localhost", server.getPort())) {
            send(socket, String.join("", requests));
            for (String request : requests) {
                for (int i = 0; i < 20; i++) {
                    assertThat(isClosed()).isFalse();
                }
                look.put(false);
                String expected = request.endsWith("xxx") ? "<20000 bytes>" : "<body>";
                assertThat(answer(socket)).contains("200").endsWith(expected);
            }
        }
    }

    private boolean isClosed() throws InterruptedException {
        look.put(true);
        return seen.take();
    }

    private void awaitClosed() throws InterruptedException {
        while (!isClosed()) {
            Thread.onSpinWait();
        }
    }

    private static void send(Socket socket, String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.US_ASCII));
    }

    /** Reads one response, to the closing bracket of its body. */
    private static String answer(Socket socket) throws IOException {
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf(">") < 0) {
            answer.append((char) socket.getInputStream().read());
        }
        return answer.toString();
    }
}
