package dev.gnserve.scaling;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * One day of requests that come at random and are dealt out at random to the replicas that are ready, while an autoscaler
 * changes their number. Every request is simulated, none is averaged away.
 *
 * @param capacity requests per second of one replica
 * @param queueCapacity requests that wait in one at most
 * @param startSeconds from the decision to start a replica until it is ready
 * @param waitBounds of the buckets in which waits are counted, upwards
 */
public record ScalingSimulation(double capacity, int queueCapacity, double startSeconds, List<Duration> waitBounds) {

    /** Waits are kept in milliseconds up to here. */
    private static final int LONGEST_MILLIS = 120_000;

    /**
     * What came of it.
     *
     * @param policy the autoscaler's
     * @param requests that came
     * @param refused because the queue of the replica that they came to was full
     * @param meanWait seconds, of those that were answered
     * @param p95Wait seconds
     * @param p99Wait seconds
     * @param replicaHours paid for, the time of starting included
     * @param most replicas at one time
     * @param changes of their number
     */
    public record Outcome(
            ScalingPolicy policy,
            long requests,
            long refused,
            double meanWait,
            double p95Wait,
            double p99Wait,
            double replicaHours,
            int most,
            int changes) {

        public double refusedShare() {
            return requests == 0 ? 0 : (double) refused / requests;
        }
    }

    /** The same for the same seed; another policy with that seed gets the same requests. */
    public Outcome run(DailyLoad load, ScalingPolicy policy, long seed) {
        return new Day(load, policy, seed).run();
    }

    private final class Day {

        private final DailyLoad load;
        private final ScalingPolicy policy;
        private final Random arrivals;
        private final Random dealing;
        private final Autoscaler autoscaler;
        private final Buckets buckets = new Buckets(waitBounds);
        private final List<Pod> pods = new ArrayList<>();
        private final List<Pod> ready = new ArrayList<>();
        private double readyUntil; // When this list is old.
        private final long[] waits = new long[LONGEST_MILLIS + 1];
        private long requests;
        private long refused;
        private double waited;
        private double podSeconds;
        private int most;
        private int changes;

        private Day(DailyLoad load, ScalingPolicy policy, long seed) {
            this.load = load;
            this.policy = policy;
            this.arrivals = new Random(seed);
            this.dealing = new Random(~seed);
            this.autoscaler = new Autoscaler(policy.fewest(), policy.most(), policy.rules());
        }

        private Outcome run() {
            for (int i = 0; i < policy.fewest(); i++) {
                pods.add(new Pod(0, 1 / capacity, queueCapacity, buckets));
            }
            most = pods.size();
            double next = nextArrival(0);
            for (double now = 0; now < DailyLoad.SECONDS; now += Pod.SCRAPE) {
                for (double end = now + Pod.SCRAPE; next < end; next = nextArrival(next)) {
                    arrive(next);
                }
                podSeconds += pods.size() * Pod.SCRAPE;
                double scraped = now + Pod.SCRAPE;
                pods.forEach(pod -> pod.scraped(scraped));
                scale(scraped);
            }
            long answered = requests - refused;
            return new Outcome(
                    policy,
                    requests,
                    refused,
                    answered == 0 ? 0 : waited / answered,
                    percentile(0.95, answered),
                    percentile(0.99, answered),
                    podSeconds / 3_600,
                    most,
                    changes);
        }

        /** Of a Poisson process whose rate changes: those of the highest rate, thinned out (Lewis and Shedler 1979). */
        private double nextArrival(double after) {
            double time = after;
            do {
                time -= Math.log(1 - arrivals.nextDouble()) / load.most();
            } while (arrivals.nextDouble() * load.most() > load.at(time));
            return time;
        }

        private void arrive(double now) {
            if (now >= readyUntil) {
                findReady(now);
            }
            double wait = ready.get(dealing.nextInt(ready.size())).serve(now);
            requests++;
            if (wait < 0) {
                refused++;
            } else {
                waited += wait;
                waits[(int) Math.min(LONGEST_MILLIS, Math.round(1_000 * wait))]++;
            }
        }

        private void findReady(double now) {
            ready.clear();
            readyUntil = Double.POSITIVE_INFINITY;
            for (Pod pod : pods) {
                if (pod.isReady(now)) {
                    ready.add(pod);
                } else {
                    readyUntil = Math.min(readyUntil, pod.readyAt());
                }
            }
        }

        private void scale(double now) {
            int next = autoscaler.decide(now, pods.size(), recommended(now));
            changes += next == pods.size() ? 0 : 1;
            while (pods.size() < next) {
                pods.add(new Pod(now + startSeconds, 1 / capacity, queueCapacity, buckets));
            }
            while (pods.size() > next) {
                pods.remove(pods.size() - 1); // The newest; what it has accepted it finishes, which is counted already.
            }
            most = Math.max(most, pods.size());
            readyUntil = now;
        }

        private int recommended(double now) {
            return switch (policy.metric()) {
                case FIXED -> pods.size();
                case PROCESSOR ->
                    Autoscaler.recommendByAverage(
                            pods.size(),
                            measured(now).stream()
                                    .map(pod -> pod.processor(now))
                                    .toList(),
                            policy.target());
                case POD_QUEUE_WAIT ->
                    Autoscaler.recommendByAverage(
                            pods.size(),
                            measured(now).stream()
                                    .map(pod -> p95(now, List.of(pod)))
                                    .toList(),
                            policy.target());
                case QUEUE_WAIT ->
                    Autoscaler.recommendByValue(
                            pods.size(),
                            (int) pods.stream().filter(pod -> pod.isReady(now)).count(),
                            p95(now, measured(now)),
                            policy.target());
            };
        }

        private List<Pod> measured(double now) {
            return pods.stream().filter(pod -> pod.isMeasured(now)).toList();
        }

        private double p95(double now, List<Pod> of) {
            long[] sums = buckets.empty();
            of.forEach(pod -> pod.addWaits(now, sums));
            return buckets.quantile(0.95, sums);
        }

        private double percentile(double share, long answered) {
            long before = 0;
            for (int millis = 0; millis <= LONGEST_MILLIS; millis++) {
                before += waits[millis];
                if (before >= share * answered) {
                    return millis / 1_000.0;
                }
            }
            return LONGEST_MILLIS / 1_000.0;
        }
    }
}
