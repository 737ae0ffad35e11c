package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.WatershedSpec;
import dev.gnserve.pipeline.VolumeTask;
import dev.gnserve.volume.ArrayFile;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.LabelRuns;
import dev.gnserve.volume.Volume;
import dev.gnserve.volume.VolumeShape;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Segmentation of a volume with the parameters of a request.
 *
 * @param threshold probability above which a voxel belongs to a class, or null for the rule of the model
 * @param objects whether JSON lists them
 * @param masks whether JSON has the voxels as masks of planes
 * @param file the format of the answer; null for JSON or a picture
 * @param content of the file or the picture
 */
record VolumeRequest(
        @Nullable Float threshold, boolean objects, boolean masks, ArrayFile.@Nullable Format file, Content content)
        implements VolumeTask<VolumeSegmentation> {

    /** What a file holds for each voxel. */
    @Schema(name = "VolumeContent")
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

    /** Of a voxel while masks of a label are written: a mark, and its place in an object and in a plane of that. */
    private static final long NUMBER_BYTES = 2 * Integer.BYTES;

    /** Of a voxel for the strings of each label that it may have. */
    private static final long MASK_BYTES = Integer.BYTES;

    /** Runs for which memory is planned: one for 16 voxels. */
    static int mostRuns(VolumeShape shape) {
        return (1 << 16) + (int) (shape.voxels() / 16);
    }

    @Override
    public long bytes(ModelManifest manifest, VolumeShape shape) {
        long labels = manifest.output().family() instanceof WatershedSpec watershed
                ? watershed.bytesPerPixel() * shape.voxels()
                : (long) manifest.labels().size() * mostRuns(shape) * LabelRuns.RUN_BYTES;
        int channels = manifest.output().channels().size();
        return labels + (content.isOfOutputs() ? file(ArrayFile.Type.FLOAT32, channels, shape) : 0);
    }

    @Override
    public long responseBytes(ModelManifest manifest, VolumeShape shape) {
        long answer = answerBytes(manifest, shape);
        return manifest.output().family() instanceof WatershedSpec watershed
                ? Math.max(watershed.floodBytesPerPixel() * shape.voxels(), answer + Integer.BYTES * shape.voxels())
                : answer;
    }

    private long answerBytes(ModelManifest manifest, VolumeShape shape) {
        int perVoxel = mayOverlap(manifest) ? manifest.labels().size() : 1;
        if (masks) {
            return (NUMBER_BYTES + MASK_BYTES * perVoxel) * shape.voxels();
        }
        ArrayFile.Type type = content == Content.OBJECTS ? ArrayFile.Type.UINT16 : ArrayFile.Type.UINT8;
        return content.isOfOutputs() ? 0 : file(type, perVoxel, shape);
    }

    /** Heap for a file; a compressed one is beside it, and grows by doubling. */
    private long file(ArrayFile.Type type, int components, VolumeShape shape) {
        long plain = ArrayFile.bytes(type, components, shape);
        return file == null ? 0 : file == ArrayFile.Format.NIFTI ? 3 * plain : plain;
    }

    /** Whether a voxel may have several labels. */
    boolean mayOverlap(ModelManifest manifest) {
        return manifest.labels().size() > 1
                && (threshold != null || !manifest.output().exclusive());
    }

    @Override
    public VolumeSegmenter collector(ModelManifest manifest, Volume volume, AxisOrder.Grid grid) {
        return new VolumeSegmenter(manifest, this, volume, grid);
    }
}
