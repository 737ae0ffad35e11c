package dev.gnserve.instances;

/**
 * Moves points by bilinear interpolation of the flows, in the coordinates of PyTorch's grid_sample: -1 to 1 across the picture, float32.
 *
 * <p>A point that comes back to where it was before goes round in circles: the rest of its steps needs no computing. Points move together,
 * since those of one take long to follow from each other. Not thread-safe.
 */
final class FlowFollower {

    /** Points that move together. */
    private static final int TOGETHER = 512;

    /** For each pixel the flow to the right and downwards. */
    private final float[] flows;

    private final int width;
    private final int height;
    private final int steps;
    private final float lastX;
    private final float lastY;

    private final float[] x = new float[TOGETHER];
    private final float[] y = new float[TOGETHER];
    private final int[] pixels = new int[TOGETHER];

    /** Where each point was at a step that is a power of two. */
    private final float[] anchorX = new float[TOGETHER];

    private final float[] anchorY = new float[TOGETHER];

    /**
     * For the flows of a picture.
     *
     * @param down flow downwards, in pixels, [height, width]
     * @param right flow to the right
     */
    FlowFollower(float[] down, float[] right, int width, int height, int steps) {
        this.width = width;
        this.height = height;
        this.steps = steps;
        lastX = Math.max(1, width - 1);
        lastY = Math.max(1, height - 1);
        float scaleX = 2 / lastX;
        float scaleY = 2 / lastY;
        flows = new float[2 * down.length];
        for (int i = 0; i < down.length; i++) {
            flows[2 * i] = right[i] * scaleX;
            flows[2 * i + 1] = down[i] * scaleY;
        }
    }

    /**
     * Follows the pixels of cells.
     *
     * @param arrived receives for each of them the pixel where it arrives, in a picture that is wider on each side
     * @param pad how much wider
     */
    void follow(boolean[] cell, int[] arrived, int pad) {
        int points = 0;
        for (int i = 0; i < cell.length; i++) {
            if (cell[i]) {
                pixels[points++] = i;
            }
            if (points == TOGETHER || i == cell.length - 1) {
                follow(points, arrived, pad);
                points = 0;
            }
        }
    }

    private void follow(int points, int[] arrived, int pad) {
        int moving = points;
        for (int k = 0; k < moving; k++) {
            float column = pixels[k] % width;
            float row = Math.floorDiv(pixels[k], width);
            x[k] = column / lastX * 2 - 1;
            y[k] = row / lastY * 2 - 1;
            anchorX[k] = x[k];
            anchorY[k] = y[k];
        }
        int anchor = 0;
        for (int step = 1; step <= steps && moving > 0; step++) {
            boolean power = (step & (step - 1)) == 0;
            for (int k = 0; k < moving; k++) {
                boolean stays = !move(k);
                if (stays || (x[k] == anchorX[k] && y[k] == anchorY[k])) {
                    int period = stays ? 1 : step - anchor;
                    for (int rest = (steps - step) % period; rest > 0; rest--) {
                        move(k);
                    }
                    arrived[pixels[k]] = place(k, pad);
                    moving--;
                    copy(moving, k);
                    k--; // The last point took its place, and has not moved yet.
                } else if (power) {
                    anchorX[k] = x[k];
                    anchorY[k] = y[k];
                }
            }
            anchor = power ? step : anchor;
        }
        for (int k = 0; k < moving; k++) {
            arrived[pixels[k]] = place(k, pad);
        }
    }

    private void copy(int from, int to) {
        x[to] = x[from];
        y[to] = y[from];
        anchorX[to] = anchorX[from];
        anchorY[to] = anchorY[from];
        pixels[to] = pixels[from];
    }

    /** One step; returns whether the point is elsewhere then. */
    private boolean move(int k) {
        float u = (x[k] + 1) * (width / 2f) - 0.5f;
        float v = (y[k] + 1) * (height / 2f) - 0.5f;
        int left = u < 0 ? -1 : (int) u;
        int top = v < 0 ? -1 : (int) v;
        float east = u - left;
        float west = 1 - east;
        float south = v - top;
        float north = 1 - south;
        float dx;
        float dy;
        if (left >= 0 && left + 1 < width && top >= 0 && top + 1 < height) {
            int upper = 2 * (top * width + left);
            int lower = upper + 2 * width;
            dx = west * north * flows[upper] + east * north * flows[upper + 2];
            dy = west * north * flows[upper + 1] + east * north * flows[upper + 3];
            dx = dx + west * south * flows[lower] + east * south * flows[lower + 2];
            dy = dy + west * south * flows[lower + 1] + east * south * flows[lower + 3];
        } else {
            dx = flow(left, top, 0, west * north) + flow(left + 1, top, 0, east * north);
            dy = flow(left, top, 1, west * north) + flow(left + 1, top, 1, east * north);
            dx = dx + flow(left, top + 1, 0, west * south) + flow(left + 1, top + 1, 0, east * south);
            dy = dy + flow(left, top + 1, 1, west * south) + flow(left + 1, top + 1, 1, east * south);
        }
        float nextX = Math.max(-1, Math.min(1, x[k] + dx));
        float nextY = Math.max(-1, Math.min(1, y[k] + dy));
        boolean moved = nextX != x[k] || nextY != y[k];
        x[k] = nextX;
        y[k] = nextY;
        return moved;
    }

    /** Of a pixel, weighed; 0 beyond the border. */
    private float flow(int column, int row, int direction, float weight) {
        boolean there = column >= 0 && column < width && row >= 0 && row < height;
        return there ? weight * flows[2 * (row * width + column) + direction] : 0;
    }

    private int place(int k, int pad) {
        int column = (int) ((x[k] + 1) * 0.5f * lastX);
        int row = (int) ((y[k] + 1) * 0.5f * lastY);
        return (Math.min(row, height - 1) + pad) * (width + 2 * pad) + Math.min(column, width - 1) + pad;
    }
}
