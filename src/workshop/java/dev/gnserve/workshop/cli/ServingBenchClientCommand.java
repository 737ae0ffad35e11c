package dev.gnserve.workshop.cli;

import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Clients that each send the next image when they have the answer to the last. */
@Command(name = "client", hidden = true, description = "The client of the serving benchmark.")
final class ServingBenchClientCommand implements Callable<Integer> {

    @Option(names = "--seconds", required = true)
    private int seconds;

    @Option(names = "--clients", required = true)
    private int clients;

    @Option(names = "--port", required = true)
    private int port;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /**
     * What the clients saw.
     *
     * @param imagesPerSecond of all clients
     * @param p50Millis from sending an image to having its answer
     * @param p99Millis likewise
     * @param maxMillis likewise
     * @param failures answers that were not 200, warm-up included
     */
    record Latencies(double imagesPerSecond, double p50Millis, double p99Millis, double maxMillis, int failures) {}

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        URL url = URI.create("http://localhost:" + port + "/v1/models/" + BenchSample.MODEL + "/segment")
                .toURL();
        byte[] png = BenchSample.png();
        Post.keep(clients);
        AtomicInteger failures = new AtomicInteger();
        Histogram nanos = Rush.of(clients, seconds, () -> () -> {
            int status = Post.picture(url, png);
            return status == 200 ? 0 : failures.incrementAndGet();
        });
        Latencies latencies = new Latencies(
                clients * 1e9 / nanos.getMean(),
                nanos.getValueAtPercentile(50) / 1e6,
                nanos.getValueAtPercentile(99) / 1e6,
                nanos.getMaxValue() / 1e6,
                failures.get());
        spec.commandLine().getOut().println(JsonMapper.shared().writeValueAsString(latencies));
        spec.commandLine().getOut().flush();
        return 0;
    }
}
