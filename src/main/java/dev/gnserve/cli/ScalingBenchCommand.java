package dev.gnserve.cli;

import dev.gnserve.scaling.DailyLoad;
import dev.gnserve.scaling.ScalingPolicy;
import dev.gnserve.scaling.ScalingPolicy.Metric;
import dev.gnserve.scaling.ScalingRules;
import dev.gnserve.scaling.ScalingRules.Policy;
import dev.gnserve.scaling.ScalingSimulation;
import dev.gnserve.scaling.ScalingSimulation.Outcome;
import dev.gnserve.stress.Replica;
import dev.gnserve.telemetry.DurationBounds;
import java.io.PrintWriter;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** What autoscalers make of a day, from the figures of one replica. */
@Command(
        name = "scaling",
        description = {
            "Simulates a day with bursts: how much is refused, and how long requests wait, with a fixed number of replicas,",
            "with an autoscaler on the processor, and with the chart's on the queue wait.",
            "Figures of one replica come from: bench load. Takes no server, and half a minute."
        })
final class ScalingBenchCommand implements Callable<Integer> {

    /** As the chart renders them, unless values say otherwise. */
    private static final ScalingRules CHART =
            new ScalingRules(List.of(Policy.percent(100, 60)), 0, List.of(Policy.pods(1, 60)), 300);

    /** Mean wait in seconds for which a fixed number of replicas is chosen. */
    private static final double FIXED_WAIT = 0.1;

    @Option(
            names = "--capacity",
            defaultValue = "12.3",
            description = "Requests/s of one replica (default: ${DEFAULT-VALUE}).")
    private double capacity;

    @Option(names = "--queue", defaultValue = "64", description = "Its queue (default: ${DEFAULT-VALUE}).")
    private int queue;

    @Option(
            names = "--start-seconds",
            defaultValue = "30",
            description = "Until a new one is ready (default: ${DEFAULT-VALUE}).")
    private double startSeconds;

    @Option(names = "--night", defaultValue = "6", description = "Requests/s at 4 h (default: ${DEFAULT-VALUE}).")
    private double night;

    @Option(names = "--peak", defaultValue = "60", description = "Requests/s at 16 h (default: ${DEFAULT-VALUE}).")
    private double peak;

    @Option(
            names = "--bursts",
            defaultValue = "6",
            description = "Times of 5 to 10 minutes with more (default: ${DEFAULT-VALUE}).")
    private int bursts;

    @Option(
            names = "--burst-factor",
            defaultValue = "3",
            description = "How many times as many then (default: ${DEFAULT-VALUE}).")
    private double burstFactor;

    @Option(
            names = "--wait-millis",
            defaultValue = "200",
            description = "Queue wait (p95) that is held (default: ${DEFAULT-VALUE}).")
    private double waitMillis;

    @Option(names = "--min-replicas", defaultValue = "2", description = "Fewest replicas (default: ${DEFAULT-VALUE}).")
    private int fewest;

    @Option(names = "--max-replicas", defaultValue = "30", description = "Most replicas (default: ${DEFAULT-VALUE}).")
    private int most;

    @Option(names = "--seed", defaultValue = "1", description = "Of chance (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() {
        requireSense();
        DailyLoad load = DailyLoad.withBursts(night, peak, bursts, burstFactor, new Random(seed));
        ScalingSimulation simulation = new ScalingSimulation(capacity, queue, startSeconds, DurationBounds.ALL);
        List<Outcome> outcomes = policies().stream()
                .map(policy -> simulation.run(load, policy, seed))
                .toList();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(outcomes));
        } else {
            print(out, outcomes);
        }
        out.flush();
        return 0;
    }

    private void requireSense() {
        if (!(capacity > 0 && capacity <= 10_000 && night > 0 && peak >= night && peak <= 1_000 && burstFactor >= 1)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--capacity and --night are above 0, --peak not below --night and at most 1000, --burst-factor 1 or more");
        }
        if (queue < 1 || startSeconds < 0 || bursts < 0 || waitMillis <= 0 || fewest < 1 || most < fewest) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--queue, --wait-millis and --min-replicas are 1 or more, --max-replicas not below --min-replicas, --start-seconds and --bursts not below 0");
        }
    }

    private List<ScalingPolicy> policies() {
        Replica replica = new Replica(capacity);
        double wait = waitMillis / 1_000;
        ScalingRules usual = ScalingRules.KUBERNETES;
        return List.of(
                ScalingPolicy.fixed("enough for the peak", replica.replicasFor(peak, FIXED_WAIT)),
                ScalingPolicy.fixed(
                        "enough for a burst at the peak", replica.replicasFor(peak * burstFactor, FIXED_WAIT)),
                new ScalingPolicy("processor at 80 %", Metric.PROCESSOR, 0.8, fewest, most, usual),
                new ScalingPolicy("processor at 50 %", Metric.PROCESSOR, 0.5, fewest, most, usual),
                new ScalingPolicy("queue wait, the chart's HPA", Metric.POD_QUEUE_WAIT, wait, fewest, most, CHART),
                new ScalingPolicy("queue wait, the chart's KEDA", Metric.QUEUE_WAIT, wait, fewest, most, CHART));
    }

    private static void print(PrintWriter out, List<Outcome> outcomes) {
        String row = "%-32s %10s %9s %8s %8s %8s %6s %8s%n";
        out.printf(row, "replicas", "refused %", "mean ms", "p95 ms", "p99 ms", "hours", "most", "changes");
        for (Outcome one : outcomes) {
            out.printf(
                    row,
                    one.policy().name(),
                    "%.3f".formatted(100 * one.refusedShare()),
                    "%.0f".formatted(1_000 * one.meanWait()),
                    "%.0f".formatted(1_000 * one.p95Wait()),
                    "%.0f".formatted(1_000 * one.p99Wait()),
                    "%.0f".formatted(one.replicaHours()),
                    one.most(),
                    one.changes());
        }
        out.printf("%d requests in a day%n", outcomes.get(0).requests());
    }
}
