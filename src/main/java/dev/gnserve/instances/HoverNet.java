package dev.gnserve.instances;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.HoverNetSpec;

/**
 * Separates nuclei by the horizontal and vertical distances to their centres: strong gradients of the distances are edges between
 * nuclei, what is left of the mask are markers, and a watershed grows the markers over the mask. The steps, their order and float32
 * are those of MONAI's HoVerNetInstanceMapPostProcessing (Graham et al. 2019).
 *
 * <p>Holds 12 bytes a pixel, and up to 12 more while it works. Not thread-safe.
 */
final class HoverNet {

    private static final float STEPS = 65_535;

    private final HoverNetSpec spec;
    private final int width;
    private final int height;
    private final boolean[] mask;
    private final char[] probabilities;
    private final byte[] types;
    private float[] horizontal;
    private float[] vertical;

    HoverNet(HoverNetSpec spec, int width, int height) {
        this.spec = spec;
        this.width = width;
        this.height = height;
        int pixels = Math.multiplyExact(width, height);
        mask = new boolean[pixels];
        probabilities = new char[pixels];
        types = new byte[pixels];
        horizontal = new float[pixels];
        vertical = new float[pixels];
    }

    /**
     * Sets a pixel.
     *
     * @param nucleus whether it belongs to a nucleus
     * @param probability of a nucleus, 0 to 1
     * @param x horizontal distance to the centre of the nucleus, as the network gives it
     * @param y vertical distance
     * @param type of the nucleus at this pixel, 0 for background
     */
    void set(int pixel, boolean nucleus, float probability, float x, float y, int type) {
        mask[pixel] = nucleus;
        probabilities[pixel] = (char) (Math.min(1, probability) * STEPS + 0.5f);
        horizontal[pixel] = x;
        vertical[pixel] = y;
        types[pixel] = (byte) type;
    }

    /**
     * The nuclei. Called once.
     *
     * @param typeCount number of types, with background
     * @throws FailureException ENGINE_FAULT if there are nuclei, but the distances are the same everywhere
     */
    Instances find(int typeCount) {
        int[] areas = Components.label(mask, width, spec.minimumArea()).ids();
        boolean any = false;
        for (int i = 0; i < mask.length; i++) {
            mask[i] = areas[i] != 0;
            any |= mask[i];
        }
        Components.Labelled found = any ? separated() : new Components.Labelled(new int[mask.length], 0);
        return described(found.ids(), found.count(), typeCount);
    }

    private Components.Labelled separated() {
        scale(horizontal);
        scale(vertical);
        float[] edges = edges();
        horizontal = new float[0];
        vertical = horizontal;
        boolean[] certain = new boolean[mask.length];
        for (int i = 0; i < certain.length; i++) {
            certain[i] = mask[i] && edges[i] < spec.markerThreshold();
        }
        Components.fillHoles(certain, width);
        Components.Labelled markers =
                Components.label(Opening.disk(certain, width, spec.markerRadius()), width, spec.minimumArea());
        Watershed.flood(relief(edges), mask, markers.ids(), width);
        return markers;
    }

    /** To 0..1 over the picture. */
    private static void scale(float[] plane) {
        float least = Float.POSITIVE_INFINITY;
        float greatest = Float.NEGATIVE_INFINITY;
        for (float value : plane) {
            least = Math.min(least, value);
            greatest = Math.max(greatest, value);
        }
        float range = greatest - least;
        if (!(range > 0)) {
            throw flat();
        }
        for (int i = 0; i < plane.length; i++) {
            plane[i] = (plane[i] - least) / range;
        }
    }

    /** How strong an edge is at each pixel of the mask, 0 to 1; 0 outside of it. */
    private float[] edges() {
        Filter acrossX = Filter.sobelX(spec.sobel());
        Filter acrossY = Filter.sobelY(spec.sobel());
        float[] rangeX = range(acrossX, horizontal);
        float[] rangeY = range(acrossY, vertical);
        float[] scratch = new float[width];
        float[] dx = new float[width];
        float[] dy = new float[width];
        float[] edges = new float[mask.length];
        for (int y = 0, at = 0; y < height; y++) {
            acrossX.row(horizontal, width, y, scratch, dx);
            acrossY.row(vertical, width, y, scratch, dy);
            for (int x = 0; x < width; x++, at++) {
                float edgeX = 1 - (dx[x] - rangeX[0]) / (rangeX[1] - rangeX[0]);
                float edgeY = 1 - (dy[x] - rangeY[0]) / (rangeY[1] - rangeY[0]);
                edges[at] = mask[at] ? Math.max(0, Math.max(edgeX, edgeY)) : 0;
            }
        }
        return edges;
    }

    private float[] range(Filter filter, float[] plane) {
        float[] scratch = new float[width];
        float[] row = new float[width];
        float[] range = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
        for (int y = 0; y < height; y++) {
            filter.row(plane, width, y, scratch, row);
            for (float value : row) {
                range[0] = Math.min(range[0], value);
                range[1] = Math.max(range[1], value);
            }
        }
        if (!(range[1] - range[0] > 0)) {
            throw flat();
        }
        return range;
    }

    /** Deep in the middle of nuclei, 0 outside; overwrites the edges, and returns another array. */
    private float[] relief(float[] edges) {
        for (int i = 0; i < edges.length; i++) {
            edges[i] = mask[i] ? edges[i] - 1 : 0;
        }
        Filter smooth = Filter.gaussian();
        float[] scratch = new float[width];
        float[] row = new float[width];
        float[] relief = new float[edges.length];
        for (int y = 0; y < height; y++) {
            smooth.row(edges, width, y, scratch, row);
            System.arraycopy(row, 0, relief, y * width, width);
        }
        return relief;
    }

    private static FailureException flat() {
        return new FailureException(
                FailureCode.ENGINE_FAULT,
                "The model found nuclei, but its output horizontal_vertical has the same value everywhere, so they cannot"
                        + " be separated. Check the archive and output.decoder.");
    }

    /** The most frequent type of each nucleus. */
    private Instances described(int[] ids, int count, int typeCount) {
        int[] areas = new int[count + 1];
        double[] sums = new double[count + 1];
        int[][] votes = new int[count + 1][typeCount];
        for (int i = 0; i < ids.length; i++) {
            areas[ids[i]]++;
            sums[ids[i]] += probabilities[i] / STEPS;
            votes[ids[i]][types[i] & 0xFF]++;
        }
        float[] scores = new float[count];
        int[] labels = new int[count];
        for (int id = 1; id <= count; id++) {
            scores[id - 1] = (float) (sums[id] / Math.max(1, areas[id]));
            labels[id - 1] = label(votes[id]);
        }
        return new Instances(width, height, ids, scores, labels);
    }

    /** Type 0 is background: the next frequent one counts, if there is one. Of equal ones, the first. */
    private static int label(int[] votes) {
        int best = 0;
        for (int type = 1; type < votes.length; type++) {
            if (votes[type] > 0 && (best == 0 || votes[type] > votes[best])) {
                best = type;
            }
        }
        return best == 0 ? Instances.UNTYPED : best - 1;
    }
}
