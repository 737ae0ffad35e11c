package dev.gnserve.instances;

/** Takes the lines along an axis of a volume one after the other. */
final class Lines {

    private Lines() {}

    /** Receives the lines. */
    @FunctionalInterface
    interface Line {

        /**
         * The next line.
         *
         * @param start place of its first voxel
         * @param step places from one voxel to the next
         */
        void along(int start, int step);
    }

    /**
     * Passes on every line.
     *
     * @param sizes planes, rows and columns
     * @param axis 0 to 2
     */
    static void each(int[] sizes, int axis, Line line) {
        int step = axis == 0 ? sizes[1] * sizes[2] : axis == 1 ? sizes[2] : 1;
        int block = step * sizes[axis];
        int voxels = sizes[0] * sizes[1] * sizes[2];
        for (int first = 0; first < voxels; first += block) {
            for (int start = first; start < first + step; start++) {
                line.along(start, step);
            }
        }
    }
}
