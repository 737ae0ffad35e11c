package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.pipeline.VolumeTask;
import dev.gnserve.volume.ArrayFile;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.LabelRuns;
import dev.gnserve.volume.Volume;
import dev.gnserve.volume.VolumeShape;
import org.jspecify.annotations.Nullable;

/**
 * Segmentation of a volume with the parameters of a request.
 *
 * @param threshold probability above which a voxel belongs to a class, or null for the rule of the model
 * @param objects whether JSON lists them
 * @param file the format of the answer; null for JSON or a picture
 * @param content of the file or the picture
 */
record VolumeRequest(@Nullable Float threshold, boolean objects, ArrayFile.@Nullable Format file, Content content)
        implements VolumeTask<VolumeSegmentation> {

    /** What a file holds for each voxel. */
    enum Content {
        /** The number of its label. */
        @JsonProperty("labels")
        LABELS,
        /** The number of its object. */
        @JsonProperty("objects")
        OBJECTS,
        /** The probability of each output channel. */
        @JsonProperty("probabilities")
        PROBABILITIES,
        /** The blended output of each channel after {@code output.steps}. */
        @JsonProperty("logits")
        LOGITS;

        boolean isOfOutputs() {
            return this == PROBABILITIES || this == LOGITS;
        }
    }

    /** Runs for which memory is planned. */
    static int mostRuns(VolumeShape shape) {
        return (1 << 16) + (int) (shape.voxels() / 8);
    }

    @Override
    public long bytes(ModelManifest manifest, VolumeShape shape) {
        // Runs, and their numbers and sizes while they become objects.
        long runs = (long) manifest.labels().size() * mostRuns(shape) * LabelRuns.RUN_BYTES;
        int copies = file == ArrayFile.Format.NIFTI ? 2 : 1;
        int components = content.isOfOutputs()
                ? manifest.output().channels().size()
                : manifest.labels().size();
        ArrayFile.Type type = content.isOfOutputs() ? ArrayFile.Type.FLOAT32 : ArrayFile.Type.UINT16;
        return runs + (file == null ? 0 : copies * ArrayFile.bytes(type, components, shape));
    }

    @Override
    public VolumeSegmenter collector(ModelManifest manifest, Volume volume, AxisOrder.Grid grid) {
        return new VolumeSegmenter(manifest, this, volume, grid);
    }
}
