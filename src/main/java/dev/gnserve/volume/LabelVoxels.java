package dev.gnserve.volume;

import java.util.List;

/** The voxels of one label of a volume, and its objects. Axes are the model's. */
public interface LabelVoxels {

    /**
     * An object.
     *
     * @param voxels number of them
     * @param score mean probability
     * @param from least places along the axes
     * @param to places behind the greatest
     * @param centre mean places of the voxels; a voxel's own place is its centre
     */
    @SuppressWarnings("ArrayRecordComponent") // Made once, compared never.
    record Found(long voxels, double score, int[] from, int[] to, double[] centre) {}

    /** Receives runs in reading order. */
    @FunctionalInterface
    interface Painter {

        /**
         * The next run.
         *
         * @param object number from 1; 0 for voxels of the label in an object that is too small
         * @param length voxels along the third axis
         */
        void run(int object, int a, int b, int c, int length);
    }

    /** Voxels of the label, with those in objects that are too small. */
    long voxels();

    /** The objects in reading order of their first voxels. */
    List<Found> objects();

    /** Passes on all voxels of the label. */
    void paint(Painter painter);
}
