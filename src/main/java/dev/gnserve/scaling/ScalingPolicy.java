package dev.gnserve.scaling;

/**
 * What an autoscaler looks at.
 *
 * @param name for tables
 * @param metric what is measured
 * @param target what it is held at: a share of the processor, or seconds; without meaning for FIXED
 * @param fewest replicas
 * @param most replicas
 * @param rules how fast it follows
 */
public record ScalingPolicy(String name, Metric metric, double target, int fewest, int most, ScalingRules rules) {

    /** What is measured. */
    public enum Metric {
        /** Nothing: the fewest replicas are all there are. */
        FIXED,
        /** Share of one processor that each pod used since the last scrape. */
        PROCESSOR,
        /** p95 of the queue wait of each pod over two minutes, averaged over the pods, as the chart's HPA asks. */
        POD_QUEUE_WAIT,
        /** p95 of the queue wait of all pods together over two minutes, as the chart's ScaledObject asks. */
        QUEUE_WAIT
    }

    public static ScalingPolicy fixed(String name, int replicas) {
        return new ScalingPolicy(name, Metric.FIXED, 1, replicas, replicas, ScalingRules.KUBERNETES);
    }
}
