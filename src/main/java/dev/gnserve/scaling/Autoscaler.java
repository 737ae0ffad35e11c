package dev.gnserve.scaling;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The decisions of Kubernetes' HorizontalPodAutoscaler for one metric, as its documentation describes them: ceil(pods * metric / target),
 * nothing within a tolerance of a tenth, then the stabilization windows, then the rates of change. For one thread; times in seconds.
 *
 * @see <a href="https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/">Horizontal Pod
 *     Autoscaling</a>
 */
final class Autoscaler {

    private static final double TOLERANCE = 0.1;

    private record Recommendation(double time, int pods) {}

    private record Change(double time, int pods) {}

    private final int fewest;
    private final int most;
    private final ScalingRules rules;
    private final Deque<Recommendation> recommendations = new ArrayDeque<>();
    private final Deque<Change> changes = new ArrayDeque<>();

    Autoscaler(int fewest, int most, ScalingRules rules) {
        this.fewest = fewest;
        this.most = most;
        this.rules = rules;
    }

    /**
     * How many pods there should be from now on.
     *
     * @param now not before that of the last call
     * @param current how many there should be so far
     * @param wanted what the metric recommends
     */
    int decide(double now, int current, int wanted) {
        recommendations.addLast(new Recommendation(now, Math.max(fewest, Math.min(most, wanted))));
        int next = limit(now, current, stabilize(now, current));
        if (next != current) {
            changes.addLast(new Change(now, next - current));
        }
        return next;
    }

    /**
     * For a metric of type Pods or Resource: what brings the average of the pods to the target. Whoever has no metric yet is
     * taken for idle where more are wanted, and for busy as wished where fewer are.
     *
     * @param current pods
     * @param readings of those that have a metric
     */
    static int recommendByAverage(int current, List<Double> readings, double target) {
        if (readings.isEmpty()) {
            return current;
        }
        double sum = readings.stream().mapToDouble(Double::doubleValue).sum();
        boolean more = sum / readings.size() > target;
        double filled = more ? sum : sum + (current - readings.size()) * target;
        double ratio = filled / current / target;
        return ratio > 1 == more ? recommend(current, current, ratio) : current;
    }

    /**
     * For a metric of type External with a target of type Value.
     *
     * @param current pods
     * @param ready those that serve
     */
    static int recommendByValue(int current, int ready, double value, double target) {
        return recommend(current, ready, value / target);
    }

    private static int recommend(int current, int counted, double ratio) {
        return Math.abs(ratio - 1) <= TOLERANCE ? current : (int) Math.ceil(ratio * counted);
    }

    private int stabilize(double now, int current) {
        double oldest = now - Math.max(rules.upWindow(), rules.downWindow());
        recommendations.removeIf(each -> each.time() < oldest);
        int lowest = recommendations.getLast().pods();
        int highest = lowest;
        for (Recommendation each : recommendations) {
            if (each.time() > now - rules.upWindow()) {
                lowest = Math.min(lowest, each.pods());
            }
            if (each.time() > now - rules.downWindow()) {
                highest = Math.max(highest, each.pods());
            }
        }
        return Math.min(Math.max(current, lowest), highest);
    }

    private int limit(double now, int current, int wanted) {
        if (wanted > current) {
            int allowed = rules.up().stream()
                    .mapToInt(policy -> policy.mostFrom(current - changed(now - policy.seconds())))
                    .max()
                    .orElse(current);
            return Math.min(wanted, Math.max(current, allowed));
        }
        if (wanted < current) {
            int allowed = rules.down().stream()
                    .mapToInt(policy -> policy.fewestFrom(current - changed(now - policy.seconds())))
                    .min()
                    .orElse(current);
            return Math.max(wanted, Math.min(current, allowed));
        }
        return current;
    }

    /** By how many pods the number has changed since then. */
    private int changed(double since) {
        return changes.stream()
                .filter(change -> change.time() > since)
                .mapToInt(Change::pods)
                .sum();
    }
}
