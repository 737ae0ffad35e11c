package dev.gnserve.segmentation;

import java.util.Arrays;

/**
 * Turns the probabilities of pixels into separate objects, in time linear in the number of pixels.
 *
 * <p>A network with the classes background, interior and boundary separates objects that touch, as their interiors do not touch. Connected
 * interiors are the seeds. All seeds grow over the rest of the foreground at equal speed. Connected foreground that no seed reaches (an
 * object too small for an interior) is an object as well.
 *
 * @param maskThreshold a pixel is foreground above this probability of interior or boundary
 * @param seedThreshold a pixel is interior above this probability
 * @param minimumSeedArea pixels of a seed, at least
 * @param minimumArea pixels of an object, at least
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

    /** The same with another mask threshold. Seeds must lie in the mask, so that a higher threshold also drops objects. */
    public ObjectFinder withMaskThreshold(float threshold) {
        return new ObjectFinder(threshold, seedThreshold, minimumSeedArea, minimumArea);
    }

    /**
     * Finds the objects of one image.
     *
     * @param interior probability of interior, float32 [height, width], row-major
     * @param foreground probability of interior or boundary, in the same layout
     * @throws IllegalArgumentException for another number of values
     */
    public FoundObjects find(float[] interior, float[] foreground, int width, int height) {
        int pixels = width * height;
        if (interior.length != pixels || foreground.length != pixels) {
            throw new IllegalArgumentException("%d x %d pixels, but %d interior and %d foreground values"
                    .formatted(width, height, interior.length, foreground.length));
        }
        ClassPlane plane = new ClassPlane(width, height, seedThreshold);
        for (int i = 0; i < pixels; i++) {
            plane.set(i, foreground[i] > maskThreshold, interior[i], foreground[i]);
        }
        return find(plane);
    }

    /** Finds the objects of one class by its marks. Ignores the thresholds of mask and seed, which the marks were made with. */
    FoundObjects find(ClassPlane plane) {
        Flood flood = new Flood(plane.width(), plane.marks());
        flood.label(ClassPlane.SEED, minimumSeedArea);
        flood.grow(ClassPlane.MASK);
        flood.label(ClassPlane.MASK, minimumArea);
        return numbered(flood, plane);
    }

    /** Drops small objects and numbers the rest in reading order of their first pixels. */
    private FoundObjects numbered(Flood flood, ClassPlane plane) {
        int[] ids = flood.ids;
        int[] areas = new int[flood.count + 1];
        double[] sums = new double[flood.count + 1];
        for (int i = 0; i < ids.length; i++) {
            int id = ids[i];
            if (id != 0) {
                areas[id]++;
                sums[id] += plane.probability(i);
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

    /** A flood fill: object numbers, and a queue of the pixels whose neighbours are not yet visited, as long as the growing front. */
    private static final class Flood {

        private final int width;

        /** The marks of the plane. */
        private final byte[] marks;

        private final int[] ids;

        /** A ring buffer: {@code waiting} pixels from {@code head} on. */
        private int[] queue = new int[1024];

        private int head;
        private int waiting;
        private int count;

        Flood(int width, byte[] marks) {
            this.width = width;
            this.marks = marks;
            ids = new int[marks.length];
        }

        /** Numbers the 4-connected components of unnumbered pixels with a mark that have at least {@code minimumArea} pixels. */
        void label(int mark, int minimumArea) {
            boolean dropped = false;
            for (int start = 0; start < ids.length; start++) {
                if (ids[start] == 0 && isMarked(start, mark)) {
                    count++;
                    claim(start, count);
                    if (spread(mark) < minimumArea) {
                        // -1 keeps it from being visited again; becomes 0 below.
                        renumber(start, count, -1);
                        count--;
                        dropped = true;
                    }
                }
            }
            if (dropped) {
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = Math.max(ids[i], 0);
                }
            }
        }

        /** Grows all objects over the pixels with a mark, at equal speed. */
        void grow(int mark) {
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] != 0 && hasFreeNeighbour(i, mark)) {
                    enqueue(i);
                }
            }
            spread(mark);
        }

        /** Passes the numbers of the queued pixels on to their neighbours until the queue is empty. Returns how many pixels were queued. */
        private int spread(int mark) {
            int visited = 0;
            while (waiting > 0) {
                int at = dequeue();
                visited++;
                int id = ids[at];
                int x = at % width;
                if (x > 0) {
                    claim(at - 1, id, mark);
                }
                if (x < width - 1) {
                    claim(at + 1, id, mark);
                }
                if (at >= width) {
                    claim(at - width, id, mark);
                }
                if (at < ids.length - width) {
                    claim(at + width, id, mark);
                }
            }
            return visited;
        }

        private void claim(int at, int id, int mark) {
            if (ids[at] == 0 && isMarked(at, mark)) {
                claim(at, id);
            }
        }

        private void claim(int at, int id) {
            ids[at] = id;
            enqueue(at);
        }

        private void enqueue(int at) {
            if (waiting == queue.length) {
                int[] longer = new int[2 * queue.length];
                System.arraycopy(queue, head, longer, 0, queue.length - head);
                System.arraycopy(queue, 0, longer, queue.length - head, head);
                queue = longer;
                head = 0;
            }
            queue[(head + waiting++) % queue.length] = at;
        }

        private int dequeue() {
            int at = queue[head];
            head = (head + 1) % queue.length;
            waiting--;
            return at;
        }

        /** Changes the number of connected pixels. */
        private void renumber(int start, int from, int to) {
            ids[start] = to;
            enqueue(start);
            while (waiting > 0) {
                int at = dequeue();
                int x = at % width;
                renumber(at - 1, x > 0, from, to);
                renumber(at + 1, x < width - 1, from, to);
                renumber(at - width, at >= width, from, to);
                renumber(at + width, at < ids.length - width, from, to);
            }
        }

        private void renumber(int at, boolean within, int from, int to) {
            if (within && ids[at] == from) {
                ids[at] = to;
                enqueue(at);
            }
        }

        private boolean hasFreeNeighbour(int at, int mark) {
            int x = at % width;
            return (x > 0 && isFree(at - 1, mark))
                    || (x < width - 1 && isFree(at + 1, mark))
                    || (at >= width && isFree(at - width, mark))
                    || (at < ids.length - width && isFree(at + width, mark));
        }

        private boolean isMarked(int at, int mark) {
            return (marks[at] & mark) != 0;
        }

        private boolean isFree(int at, int mark) {
            return ids[at] == 0 && isMarked(at, mark);
        }
    }
}
