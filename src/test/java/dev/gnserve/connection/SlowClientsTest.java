package dev.gnserve.connection;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServer;

/** Runs Tomcat, as the limits depend on how its connector waits. UploadValveTest has the tests of bodies. */
@Timeout(30)
class SlowClientsTest {

    private static final byte[] LARGE = new byte[64 << 20];

    /** The client of each response that ended, and whether it was sent to its end. */
    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

    private WebServer server;

    private SlowClients start(int limit, Duration longestResponse, int maxConnections) {
        SlowClients slow = new SlowClients(limit, longestResponse);
        TomcatServletWebServerFactory factory = new TomcatServletWebServerFactory(0);
        factory.setProtocol(ClientProtocol.class.getName());
        factory.addConnectorCustomizers(connector -> {
            ClientProtocol protocol = (ClientProtocol) connector.getProtocolHandler();
            protocol.limit(slow);
            protocol.setMaxConnections(maxConnections);
        });
        server = factory.getWebServer(
                context -> context.addServlet("writing", new Writing()).addMapping("/"));
        server.start();
        return slow;
    }

    @AfterEach
    void stop() {
        server.stop();
    }

    @SuppressWarnings("serial")
    private final class Writing extends HttpServlet {

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            if (request.getRequestURI().equals("/small")) {
                response.getOutputStream().print("<small>");
                return;
            }
            try {
                response.setContentLength(LARGE.length);
                response.getOutputStream().write(LARGE);
                ends.add(request.getRequestURI() + " sent");
            } catch (IOException e) {
                ends.add(request.getRequestURI() + " cut");
                throw e;
            }
        }
    }

    @Test
    void whenTooManyThreadsWaitForReadersTheSlowestIsCutOff() throws Exception {
        SlowClients slow = start(2, Duration.ofMinutes(1), 100);
        try (Socket first = asking("/first");
                Socket second = askingAfter(slow, 1, "/second");
                Socket third = askingAfter(slow, 2, "/third")) {

            assertThat(ends.take()).isEqualTo("/first cut");

            assertThat(isWholeOrReset(first)).isFalse();
            assertThat(isWholeOrReset(second)).isTrue();
            assertThat(isWholeOrReset(third)).isTrue();
        }
        awaitWaiting(slow, 0);
    }

    @Test
    void aClientThatReadsOnIsNotTheSlowest() throws Exception {
        SlowClients slow = start(2, Duration.ofMinutes(1), 100);
        try (Socket first = asking("/first");
                Socket second = askingAfter(slow, 1, "/second")) {
            awaitWaiting(slow, 2);
            first.getInputStream().skipNBytes(LARGE.length / 2);
            awaitWaiting(slow, 2);

            try (Socket third = asking("/third")) {
                assertThat(ends.take()).isEqualTo("/second cut");
                assertThat(isWholeOrReset(second)).isFalse();
                first.getInputStream().skipNBytes(LARGE.length / 2);
                assertThat(isWholeOrReset(third)).isTrue();
            }
        }
    }

    @Test
    void aResponseThatIsReadSlowlyEnds() throws Exception {
        start(10, Duration.ofMillis(300), 100);
        try (Socket socket = asking("/slowly")) {
            while (ends.isEmpty()) {
                if (socket.getInputStream().readNBytes(4_096).length < 4_096) {
                    break;
                }
            }

            assertThat(ends.take()).isEqualTo("/slowly cut");
        } catch (SocketException e) {
            assertThat(ends.take()).isEqualTo("/slowly cut");
        }
    }

    @Test
    void aClientThatResetsItsConnectionFreesItsThread() throws Exception {
        SlowClients slow = start(10, Duration.ofMinutes(1), 100);
        try (Socket socket = asking("/leaving")) {
            awaitWaiting(slow, 1);
            socket.setSoLinger(true, 0);
        }

        assertThat(ends.take()).isEqualTo("/leaving cut");
        awaitWaiting(slow, 0);
    }

    /** Those without a request, with one that was answered, and with one whose header does not end. */
    @Test
    void silentConnectionsGiveWayToTheNextOne() throws Exception {
        start(10, Duration.ofMinutes(1), 10);
        List<Socket> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 30; i++) {
                silent.add(new Socket("localhost", server.getPort()));
                Socket header = new Socket("localhost", server.getPort());
                silent.add(header);
                header.getOutputStream().write("GET / HTTP/1.1\r\nHo".getBytes(StandardCharsets.US_ASCII));
                Socket answered = asking("/small");
                silent.add(answered);
                assertThat(small(answered)).contains(" 200 ");
            }
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    private Socket askingAfter(SlowClients slow, int waiting, String path) throws IOException {
        awaitWaiting(slow, waiting);
        return asking(path);
    }

    /** With a small buffer, and with nothing read. */
    private Socket asking(String path) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4_096);
        socket.connect(new InetSocketAddress("localhost", server.getPort()));
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static String small(Socket socket) throws IOException {
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf(">") < 0) {
            answer.append((char) socket.getInputStream().read());
        }
        return answer.toString();
    }

    private static boolean isWholeOrReset(Socket socket) throws IOException {
        try {
            return socket.getInputStream().readNBytes(LARGE.length).length == LARGE.length;
        } catch (SocketException e) {
            return false;
        }
    }

    private static void awaitWaiting(SlowClients slow, int threads) {
        while (slow.waiting() != threads) {
            Thread.onSpinWait();
        }
    }
}
