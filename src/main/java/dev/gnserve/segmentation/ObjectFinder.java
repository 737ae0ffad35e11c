package dev.gnserve.segmentation;

import java.util.Arrays;

/**
 * Turns per-pixel probabilities into separate objects, in time linear in the number of pixels.
 *
 * <p>A network with the classes background, interior and boundary separates objects that touch: their interiors do not. So connected
 * interiors are the seeds, and the seeds grow step by step, all at once, over the rest of the foreground. Foreground that no seed reaches
 * (objects too small for an interior) becomes objects of its own.
 *
 * @param maskThreshold foreground is where interior and boundary together are more probable than this
 * @param seedThreshold interior is where its probability is higher than this
 * @param minimumSeedArea pixels a connected interior needs to be a seed
 * @param minimumArea smaller objects are dropped
 */
public record ObjectFinder(float maskThreshold, float seedThreshold, int minimumSeedArea, int minimumArea) {

    public ObjectFinder {
        requireProbability("maskThreshold", maskThreshold);
        requireProbability("seedThreshold", seedThreshold);
    }

    private static void requireProbability(String name, float value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " must be in 0..1, not " + value);
        }
    }

    /** The same with another mask threshold: seeds outside of the mask are none, so a higher one also drops objects. */
    public ObjectFinder withMaskThreshold(float threshold) {
        return new ObjectFinder(threshold, seedThreshold, minimumSeedArea, minimumArea);
    }

    /**
     * Finds the objects of one image.
     *
     * @param interior probability of interior, [height * width], row-major
     * @param foreground probability of interior or boundary, of the same layout
     */
    public FoundObjects find(float[] interior, float[] foreground, int width, int height) {
        int pixels = width * height;
        if (interior.length != pixels || foreground.length != pixels) {
            throw new IllegalArgumentException("%d x %d pixels, but %d interior and %d foreground values"
                    .formatted(width, height, interior.length, foreground.length));
        }
        Flood flood = new Flood(width, height);
        boolean[] mask = new boolean[pixels];
        boolean[] seed = new boolean[pixels];
        for (int i = 0; i < pixels; i++) {
            mask[i] = foreground[i] > maskThreshold;
            seed[i] = mask[i] && interior[i] > seedThreshold;
        }
        flood.label(seed, minimumSeedArea);
        flood.grow(mask);
        flood.label(mask, minimumArea);
        return numbered(flood, foreground);
    }

    /** Drops small objects and numbers the rest in reading order of their first pixels. */
    private FoundObjects numbered(Flood flood, float[] foreground) {
        int[] ids = flood.ids;
        int[] areas = new int[flood.count + 1];
        double[] sums = new double[flood.count + 1];
        for (int i = 0; i < ids.length; i++) {
            int id = ids[i];
            if (id != 0) {
                areas[id]++;
                sums[id] += foreground[i];
            }
        }
        int[] numbers = new int[flood.count + 1];
        float[] scores = new float[flood.count];
        int count = 0;
        for (int i = 0; i < ids.length; i++) {
            int id = ids[i];
            if (id != 0 && areas[id] >= minimumArea) {
                if (numbers[id] == 0) {
                    numbers[id] = ++count;
                    scores[count - 1] = (float) (sums[id] / areas[id]);
                }
                ids[i] = numbers[id];
            } else {
                ids[i] = 0;
            }
        }
        return new FoundObjects(ids, Arrays.copyOf(scores, count));
    }

    /** Object numbers in the making, with one queue of pixels that serves all passes. */
    private static final class Flood {

        private final int width;
        private final int height;
        private final int[] ids;
        private final int[] queue;
        private int count;

        Flood(int width, int height) {
            this.width = width;
            this.height = height;
            ids = new int[width * height];
            queue = new int[width * height];
        }

        /** Numbers the 4-connected parts of {@code where} that have no number yet and at least {@code minimumArea} pixels. */
        void label(boolean[] where, int minimumArea) {
            for (int start = 0; start < ids.length; start++) {
                if (where[start] && ids[start] == 0) {
                    count++;
                    ids[start] = count;
                    queue[0] = start;
                    int end = spread(where, 0, 1);
                    if (end < minimumArea) {
                        // Marked, so that it is visited once only; taken back below.
                        for (int i = 0; i < end; i++) {
                            ids[queue[i]] = -1;
                        }
                        count--;
                    }
                }
            }
            for (int i = 0; i < ids.length; i++) {
                ids[i] = Math.max(ids[i], 0);
            }
        }

        /** Grows all objects over {@code where} at equal speed. */
        void grow(boolean[] where) {
            int end = 0;
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] != 0) {
                    queue[end++] = i;
                }
            }
            spread(where, 0, end);
        }

        private int spread(boolean[] where, int begin, int end) {
            int head = begin;
            int tail = end;
            while (head < tail) {
                int at = queue[head++];
                int x = at % width;
                int y = at / width;
                if (x > 0) {
                    tail = claim(where, at - 1, at, tail);
                }
                if (x < width - 1) {
                    tail = claim(where, at + 1, at, tail);
                }
                if (y > 0) {
                    tail = claim(where, at - width, at, tail);
                }
                if (y < height - 1) {
                    tail = claim(where, at + width, at, tail);
                }
            }
            return tail;
        }

        private int claim(boolean[] where, int neighbour, int from, int tail) {
            if (where[neighbour] && ids[neighbour] == 0) {
                ids[neighbour] = ids[from];
                queue[tail] = neighbour;
                return tail + 1;
            }
            return tail;
        }
    }
}
