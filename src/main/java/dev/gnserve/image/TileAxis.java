package dev.gnserve.image;

/** The tiles along one axis: where each begins, and how much each counts at each position. */
final class TileAxis {

    final int length;

    final int tile;
    final int[] starts;

    /** Weight of tile i at its position p, at [i * tile + p]; the weights of all tiles at a position sum to 1. */
    final float[] weights;

    /** @param multiple of which every tile's side is one */
    static TileAxis of(int length, Tiling tiling, int multiple) {
        int tiles = tiling.count(length);
        return tiles == 1
                ? whole(length)
                : new TileAxis(length, tiling.side(length, multiple), tiles, tiling.overlap());
    }

    /** One tile that is the whole axis. */
    static TileAxis whole(int length) {
        return new TileAxis(length, length, 1, 0);
    }

    private TileAxis(int length, int tile, int tiles, int overlap) {
        this(length, tile, evenly(length - tile, tiles), overlap);
    }

    private static int[] evenly(int last, int tiles) {
        int[] starts = new int[tiles];
        for (int i = 1; i < tiles; i++) {
            starts[i] = (int) Math.round((double) last * i / (tiles - 1));
        }
        return starts;
    }

    private TileAxis(int length, int tile, int[] starts, int overlap) {
        this.length = length;
        this.tile = tile;
        this.starts = starts;
        int tiles = starts.length;
        weights = new float[tiles * tile];
        double[] sums = new double[length];
        for (int i = 0; i < tiles; i++) {
            for (int p = 0; p < tile; p++) {
                sums[starts[i] + p] += window(i, p, overlap);
            }
        }
        for (int i = 0; i < tiles; i++) {
            for (int p = 0; p < tile; p++) {
                weights[i * tile + p] = (float) (window(i, p, overlap) / sums[starts[i] + p]);
            }
        }
    }

    /** The axis of outputs that have one position for {@code stride} positions of the input; tiles begin at the nearest one. */
    TileAxis coarser(int stride) {
        if (stride == 1) {
            return this;
        }
        int coarse = tile / stride;
        int all = Math.max(coarse, length / stride);
        int[] begins = new int[starts.length];
        int least = coarse;
        for (int i = 0; i < begins.length; i++) {
            begins[i] = Math.min(all - coarse, Math.round((float) starts[i] / stride));
            least = i == 0 ? least : Math.min(least, begins[i - 1] + coarse - begins[i]);
        }
        return new TileAxis(all, coarse, begins, begins.length == 1 ? 0 : Math.max(1, least));
    }

    /** Whether what reaches from one position of a tile to another touches an edge towards a neighbour that shows all of it, clear of its own edge. */
    boolean isCut(int index, double from, double to, double margin) {
        boolean atStart = index > 0 && from < margin && to + margin <= overlapWith(index - 1);
        boolean atEnd = index < starts.length - 1 && to > tile - margin && tile - from + margin <= overlapWith(index);
        return atStart || atEnd;
    }

    /** The first position of a tile that no tile before it stands for: overlaps are halved. */
    int coreStart(int index) {
        return index == 0 ? 0 : (overlapWith(index - 1) + 1) / 2;
    }

    /** The position after the last one that a tile stands for. */
    int coreEnd(int index) {
        return index == starts.length - 1 ? tile : starts[index + 1] + coreStart(index + 1) - starts[index];
    }

    /** Positions that a tile shares with the next. */
    private int overlapWith(int index) {
        return starts[index] + tile - starts[index + 1];
    }

    /** A raised cosine over the overlap towards a neighbour, flat elsewhere: what lies at a cut counts least. */
    private double window(int index, int position, int overlap) {
        double weight = 1;
        if (index > 0 && position < overlap) {
            weight *= ramp(position, overlap);
        }
        if (index < starts.length - 1 && tile - 1 - position < overlap) {
            weight *= ramp(tile - 1 - position, overlap);
        }
        return weight;
    }

    private static double ramp(int distance, int overlap) {
        double sine = Math.sin(Math.PI / 2 * (distance + 0.5) / overlap);
        return sine * sine;
    }
}
