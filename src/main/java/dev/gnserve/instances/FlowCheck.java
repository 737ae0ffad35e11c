package dev.gnserve.instances;

import java.util.stream.IntStream;

/**
 * Compares the flows of a network with those that the found objects would have: heat spreads from the middle of each object, and the
 * flows are the directions in which it rises. As cellpose's {@code flow_error} (Stringer et al. 2021). Thread-safe.
 */
final class FlowCheck {

    /** Up to this many pixels of its box for one of an object, all of the box are computed: one loop without choices is faster. */
    private static final int DENSE = 4;

    private FlowCheck() {}

    /**
     * The mean square of the difference for each object.
     *
     * @param down flow of the network downwards, five times a unit vector, [height, width]
     * @param right flow to the right
     * @param ids numbers from 1 without gaps, 0 for background
     * @return for each number, at 0 for background
     */
    static double[] errors(float[] down, float[] right, int[] ids, int width, NumberedAreas areas) {
        int height = ids.length / width;
        int wide = width + 2;
        int[] padded = new int[wide * (height + 2)];
        int pixels = 0;
        for (int i = 0; i < ids.length; i++) {
            padded[(i / width + 1) * wide + i % width + 1] = ids[i];
            pixels += ids[i] == 0 ? 0 : 1;
        }
        int[] places = new int[pixels];
        for (int at = 0, next = 0; at < padded.length; at++) {
            if (padded[at] != 0) {
                places[next++] = at;
            }
        }
        double[] heat = new double[padded.length];
        int[] middles = middles(ids, width, areas, wide);
        int rounds = rounds(areas);
        for (int id = 1; id <= areas.count(); id++) {
            if (areas.sizes[id] > 0) {
                new Heat(padded, wide, areas, id).spread(middles[id], rounds, heat);
            }
        }
        double[] sums = new double[areas.count() + 1];
        for (int at : places) {
            double dy = heat[at + wide] - heat[at - wide];
            double dx = heat[at + 1] - heat[at - 1];
            double length = 1e-60 + Math.sqrt(dy * dy + dx * dx);
            int i = (at / wide - 1) * width + at % wide - 1;
            double offY = dy / length - down[i] / 5f;
            double offX = dx / length - right[i] / 5f;
            sums[padded[at]] += offY * offY + offX * offX;
        }
        for (int id = 1; id < sums.length; id++) {
            sums[id] /= areas.sizes[id];
        }
        return sums;
    }

    private static int rounds(NumberedAreas areas) {
        int most = 0;
        for (int id = 1; id <= areas.count(); id++) {
            most = Math.max(most, areas.right[id] - areas.left[id] + areas.bottom[id] - areas.top[id] + 4);
        }
        return 2 * most;
    }

    /** The pixel of each object that is nearest to its mean position, as places in the padded picture. */
    private static int[] middles(int[] ids, int width, NumberedAreas areas, int wide) {
        int[] middles = new int[areas.count() + 1];
        for (int id = 1; id < middles.length; id++) {
            long sumX = 0;
            long sumY = 0;
            for (int y = areas.top[id]; y <= areas.bottom[id]; y++) {
                for (int x = areas.left[id]; x <= areas.right[id]; x++) {
                    sumX += ids[y * width + x] == id ? x - areas.left[id] : 0;
                    sumY += ids[y * width + x] == id ? y - areas.top[id] : 0;
                }
            }
            int meanX = (int) Math.rint((double) sumX / areas.sizes[id]) + areas.left[id];
            int meanY = (int) Math.rint((double) sumY / areas.sizes[id]) + areas.top[id];
            long nearest = Long.MAX_VALUE;
            for (int y = areas.top[id]; y <= areas.bottom[id]; y++) {
                for (int x = areas.left[id]; x <= areas.right[id]; x++) {
                    long distance = (long) (x - meanX) * (x - meanX) + (long) (y - meanY) * (y - meanY);
                    if (ids[y * width + x] == id && distance < nearest) {
                        nearest = distance;
                        middles[id] = (y + 1) * wide + x + 1;
                    }
                }
            }
        }
        return middles;
    }

    /** The heat of one object, in its box with one more pixel on each side, which stays cold. */
    private static final class Heat {

        private final int wide;
        private final int origin;
        private final int columns;
        private final int rows;

        /** 1 for pixels of the object, else 0. */
        private final double[] inside;

        private final boolean dense;
        private double[] now;
        private double[] next;

        Heat(int[] padded, int wide, NumberedAreas areas, int id) {
            this.wide = wide;
            origin = areas.top[id] * wide + areas.left[id];
            columns = areas.right[id] - areas.left[id] + 3;
            rows = areas.bottom[id] - areas.top[id] + 3;
            inside = new double[columns * rows];
            now = new double[inside.length];
            next = new double[inside.length];
            dense = inside.length <= (long) DENSE * areas.sizes[id];
            for (int y = 0; y < rows; y++) {
                for (int x = 0; x < columns; x++) {
                    inside[y * columns + x] = padded[origin + y * wide + x] == id ? 1 : 0;
                }
            }
        }

        /** Each round heats the middle by 1, then gives each pixel a ninth of the sum over itself and its 8 neighbours in the object. */
        void spread(int middle, int rounds, double[] heat) {
            int heated = (middle - origin) / wide * columns + (middle - origin) % wide;
            int[] places = dense
                    ? new int[0]
                    : IntStream.range(0, inside.length)
                            .filter(at -> inside[at] > 0)
                            .toArray();
            for (int round = 0; round < rounds; round++) {
                now[heated] += 1;
                if (dense) {
                    mean(now, next, inside, columns);
                } else {
                    for (int at : places) {
                        next[at] = mean(now, at, columns);
                    }
                }
                double[] before = now;
                now = next;
                next = before;
            }
            for (int at = 0; at < inside.length; at++) {
                if (inside[at] > 0) {
                    heat[origin + at / columns * wide + at % columns] = now[at];
                }
            }
        }

        private static void mean(double[] heat, double[] next, double[] inside, int columns) {
            for (int at = columns + 1; at < heat.length - columns - 1; at++) {
                next[at] = inside[at] * mean(heat, at, columns);
            }
        }

        /** Outside of the object is no heat. */
        private static double mean(double[] heat, int at, int columns) {
            return (heat[at]
                            + heat[at - columns]
                            + heat[at + columns]
                            + heat[at - 1]
                            + heat[at + 1]
                            + heat[at - columns - 1]
                            + heat[at - columns + 1]
                            + heat[at + columns - 1]
                            + heat[at + columns + 1])
                    / 9;
        }
    }
}
