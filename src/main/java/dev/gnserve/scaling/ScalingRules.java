package dev.gnserve.scaling;

import java.util.List;

/**
 * How fast an autoscaler may follow: {@code behavior} of a HorizontalPodAutoscaler, autoscaling/v2.
 *
 * @param up policies of scaling up, of which the one that allows most counts
 * @param upWindow seconds whose lowest recommendation counts
 * @param down policies of scaling down, of which the one that allows most counts
 * @param downWindow seconds whose highest recommendation counts
 */
public record ScalingRules(List<Policy> up, double upWindow, List<Policy> down, double downWindow) {

    /** What Kubernetes does when nothing is said. */
    public static final ScalingRules KUBERNETES = new ScalingRules(
            List.of(Policy.percent(100, 15), Policy.pods(4, 15)), 0, List.of(Policy.percent(100, 15)), 300);

    public ScalingRules {
        up = List.copyOf(up);
        down = List.copyOf(down);
    }

    /**
     * The most by which the number may change within a period.
     *
     * @param value pods, or percent of those at the beginning of the period
     * @param seconds length of the period
     */
    public record Policy(double value, boolean isPercent, double seconds) {

        public static Policy pods(int value, double seconds) {
            return new Policy(value, false, seconds);
        }

        public static Policy percent(double value, double seconds) {
            return new Policy(value, true, seconds);
        }

        int mostFrom(int pods) {
            return (int) (isPercent ? Math.ceil(pods * (1 + value / 100)) : pods + value);
        }

        int fewestFrom(int pods) {
            return (int) (isPercent ? pods * (1 - value / 100) : pods - value);
        }
    }
}
