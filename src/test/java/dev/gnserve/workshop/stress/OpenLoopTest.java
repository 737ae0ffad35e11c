package dev.gnserve.workshop.stress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.sun.net.httpserver.HttpServer;
import dev.gnserve.workshop.stress.OpenLoop.End;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class OpenLoopTest {

    private static final String RIGHT = "{\"mask\":\"0k6_O\",\"score\":0.95,\"requestId\":\"%d\"}";

    @Test
    void requestsAreDueAsInAPoissonProcess() {
        long[] due = OpenLoop.dueNanos(1000, Duration.ofSeconds(20), 7);

        assertThat((double) due.length).isCloseTo(20_000, within(500.0)); // 3.5 standard deviations
        double[] gaps = new double[due.length - 1];
        Arrays.setAll(gaps, i -> (due[i + 1] - due[i]) / 1e6);
        double mean = Arrays.stream(gaps).average().orElseThrow();
        double variance = Arrays.stream(gaps)
                .map(gap -> (gap - mean) * (gap - mean))
                .average()
                .orElseThrow();
        assertThat(mean).isCloseTo(1, within(0.03));
        assertThat(Math.sqrt(variance))
                .as("of an exponential distribution as its mean")
                .isCloseTo(mean, within(0.05));
        assertThat(LongStream.of(due).sorted().toArray()).isEqualTo(due);
        assertThat(OpenLoop.dueNanos(1000, Duration.ofSeconds(20), 7)).isEqualTo(due);
    }

    @Test
    void whatIsAnsweredAfterwardsIsNoGoodput() {
        OpenLoop.Outcome outcome = new OpenLoop.Outcome(
                2,
                2,
                List.of(
                        new OpenLoop.Sample(End.RIGHT, 1, 1_000_000_000L),
                        new OpenLoop.Sample(End.REFUSED, 1, 1_000_000_000L),
                        new OpenLoop.Sample(End.RIGHT, 3, 2_000_000_001L)),
                0,
                List.of());

        assertThat(outcome.goodput()).isEqualTo(0.5);
        assertThat(outcome.count(End.RIGHT)).isEqualTo(2);
    }

    @Test
    void percentilesAreThoseOfRightAnswers() {
        List<OpenLoop.Sample> samples = new ArrayList<>();
        for (int i = 200; i > 0; i--) {
            samples.add(new OpenLoop.Sample(End.RIGHT, i * 1_000_000L, 0));
            samples.add(new OpenLoop.Sample(End.REFUSED, 1, 0));
        }
        OpenLoop.Outcome outcome = new OpenLoop.Outcome(1, 1, samples, 0, List.of());

        assertThat(outcome.millis(50)).isCloseTo(100, withinPercentage(0.01));
        assertThat(outcome.millis(99)).isCloseTo(198, withinPercentage(0.01));
        assertThat(outcome.millis(100)).isCloseTo(200, withinPercentage(0.01));
        assertThat(new OpenLoop.Outcome(1, 1, List.of(), 0, List.of()).millis(50))
                .isNaN();
    }

    @Test
    void everyRequestIsCountedAsWhatBecameOfIt() throws IOException, InterruptedException {
        AtomicInteger number = new AtomicInteger(-2);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            exchange.getRequestBody().readAllBytes();
            int request = number.incrementAndGet();
            String body = RIGHT.formatted(request);
            int status = 200;
            switch (request < 0 ? 0 : request % 5) {
                case 1 -> {
                    status = 429;
                    exchange.getResponseHeaders().add("Retry-After", "1");
                }
                case 2 -> status = 504;
                case 3 -> body = body.replace("0k6_O", "0k6_P");
                case 4 -> status = 429; // Without a word on when to come back.
                default -> {}
            }
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            byte[] bytes = body.getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
        try {
            URI uri = URI.create("http://localhost:" + server.getAddress().getPort());
            OpenLoop clients = new OpenLoop(
                    HttpClient.newHttpClient(), uri, List.of(new Question("q", "/", Map.of(), new byte[1], false)));

            OpenLoop.Outcome outcome = clients.run(200, Duration.ofSeconds(1), 3);

            int sent = OpenLoop.dueNanos(200, Duration.ofSeconds(1), 3).length;
            assertThat(outcome.samples()).hasSize(sent);
            assertThat(outcome.count(End.REFUSED)).isEqualTo((sent + 3) / 5);
            assertThat(outcome.count(End.EXPIRED)).isEqualTo((sent + 2) / 5);
            assertThat(outcome.count(End.WRONG)).isEqualTo((sent + 1) / 5 + sent / 5);
            assertThat(outcome.count(End.RIGHT)).isEqualTo((sent + 4) / 5);
            assertThat(outcome.count(End.LOST)).isZero();
            assertThat(outcome.notes()).anyMatch(note -> note.contains(".mask is \"0k6_P\" instead of \"0k6_O\""));
        } finally {
            server.stop(0);
        }
    }
}
