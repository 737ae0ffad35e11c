package dev.gnserve.pipeline;

import dev.gnserve.image.Cancellation;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.Volume;
import dev.gnserve.volume.VolumeShape;

/**
 * A task on volumes with the parameters of a request: the part of the {@link VolumePipeline} that differs between tasks. Immutable.
 *
 * @param <R> the result for one volume
 */
public interface VolumeTask<R> {

    /** Heap for the result, from the first plane to the response. */
    long bytes(ModelManifest manifest, VolumeShape shape);

    /** Further heap for the response, after the last plane, when that of the blending is free. */
    default long responseBytes(ModelManifest manifest, VolumeShape shape) {
        return 0;
    }

    /**
     * A collector for one volume.
     *
     * @param volume with the values of the file, which change when this returns
     * @param grid the places of the model's voxels in the volume
     */
    Collector<R> collector(ModelManifest manifest, Volume volume, AxisOrder.Grid grid);

    /** Makes the result from blended outputs. Not thread-safe. */
    interface Collector<R> {

        /**
         * Adds the next plane of the model's first axis.
         *
         * @param outputs float32 [output channels, second axis, third axis], used until this returns
         */
        void plane(int number, float[] outputs);

        /**
         * The result, after the last plane. Called once.
         *
         * @param cancellation asked again and again if it takes long
         */
        R finish(Cancellation cancellation);
    }
}
