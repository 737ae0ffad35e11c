package dev.gnserve.instances;

/**
 * Compares the flows of a network with those that the found objects would have: heat spreads from the middle of each object, and the
 * flows are the directions in which it rises. As cellpose's {@code flow_error} (Stringer et al. 2021). Thread-safe.
 */
final class FlowCheck {

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
        double[] heat = spread(padded, places, wide, middles(ids, width, areas, wide), rounds(areas));
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

    /** Each round heats the middles by 1, then gives each pixel a ninth of the sum over itself and its 8 neighbours in the same object. */
    private static double[] spread(int[] padded, int[] places, int wide, int[] middles, int rounds) {
        int[] steps = {0, -wide, wide, -1, 1, -wide - 1, -wide + 1, wide - 1, wide + 1};
        double[] heat = new double[padded.length];
        double[] next = new double[places.length];
        // Which of the nine count, as bits.
        short[] same = new short[places.length];
        for (int i = 0; i < places.length; i++) {
            for (int k = 0; k < steps.length; k++) {
                same[i] |= (short) (padded[places[i] + steps[k]] == padded[places[i]] ? 1 << k : 0);
            }
        }
        for (int round = 0; round < rounds; round++) {
            for (int id = 1; id < middles.length; id++) {
                heat[middles[id]] += 1;
            }
            for (int i = 0; i < places.length; i++) {
                int at = places[i];
                int bits = same[i];
                double sum = 0;
                if (bits == 0x1FF) {
                    sum = heat[at]
                            + heat[at - wide]
                            + heat[at + wide]
                            + heat[at - 1]
                            + heat[at + 1]
                            + heat[at - wide - 1]
                            + heat[at - wide + 1]
                            + heat[at + wide - 1]
                            + heat[at + wide + 1];
                } else {
                    for (int k = 0; k < steps.length; k++) {
                        sum += (bits & 1 << k) != 0 ? heat[at + steps[k]] : 0;
                    }
                }
                next[i] = sum / 9;
            }
            for (int i = 0; i < places.length; i++) {
                heat[places[i]] = next[i];
            }
        }
        return heat;
    }
}
