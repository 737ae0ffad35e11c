package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.pipeline.Mask;
import dev.gnserve.pipeline.Timing;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON document of one volume. Places and sizes are in voxels of the file: x along its columns, y along its rows, z along its planes.
 *
 * @param name the part's file name
 * @param axes order of the file's axes, slowest first
 * @param depth planes
 * @param spacing distance of voxels; absent where the file does not say it
 * @param classes one per label of the model, in its order
 * @param objects separate objects, label by label in reading order; absent with {@code objects=false}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SegmentedVolume(
        @Schema(example = "stack.tif") String name,
        @Schema(example = "zyx") String axes,
        @Schema(example = "36") int depth,
        @Schema(example = "50") int height,
        @Schema(example = "44") int width,
        @Nullable VoxelSpacing spacing,
        List<VolumeClass> classes,
        @Nullable List<VolumeObject> objects,
        Timing timing) {

    /**
     * Distance of neighbouring voxels.
     *
     * @param unit absent where the file does not name one
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @Schema(name = "VoxelSpacing")
    public record VoxelSpacing(
            @Schema(example = "2.0") double z,
            @Schema(example = "0.5") double y,
            @Schema(example = "0.5") double x,
            @Schema(example = "micrometer") @Nullable String unit) {}

    /**
     * All voxels of one class.
     *
     * @param volume in the cube of the spacing's unit; absent without spacing
     * @param slices its planes, with {@code masks=rle}
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @Schema(name = "VolumeClass")
    public record VolumeClass(
            @Schema(example = "nucleus") String label,
            @Schema(example = "6661") long voxels,
            @Schema(example = "0.084") double fraction,
            @Schema(example = "3330.5") @Nullable Double volume,
            @Nullable List<SliceMask> slices) {}

    /**
     * One object.
     *
     * @param id from 1; the voxel value in a file with {@code content=objects}
     * @param score mean probability of the class over its voxels, 0 to 1
     * @param volume in the cube of the spacing's unit; absent without spacing
     * @param box the smallest around it
     * @param centroid mean position of its voxels' centres
     * @param slices its planes, with {@code masks=rle}
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @Schema(name = "VolumeObject")
    public record VolumeObject(
            @Schema(example = "1") int id,
            @Schema(example = "nucleus") String label,
            @Schema(example = "0.97") double score,
            @Schema(example = "345") long voxels,
            @Schema(example = "172.5") @Nullable Double volume,
            VoxelBox box,
            VoxelPoint centroid,
            @Nullable List<SliceMask> slices) {}

    /**
     * The voxels in one plane of the file.
     *
     * @param z of the plane, from 0
     * @param mask of the plane; {@code size} is [height, width]
     */
    @Schema(name = "SliceMask")
    public record SliceMask(@Schema(example = "3") int z, Mask mask) {}

    /** A box of whole voxels; x, y, z is its corner at the origin. */
    @Schema(name = "VoxelBox")
    public record VoxelBox(
            @Schema(example = "10") int x,
            @Schema(example = "20") int y,
            @Schema(example = "3") int z,
            @Schema(example = "7") int width,
            @Schema(example = "8") int height,
            @Schema(example = "4") int depth) {}

    /** A position in voxels; the centre of the first voxel is (0.5, 0.5, 0.5). */
    @Schema(name = "VoxelPoint")
    public record VoxelPoint(
            @Schema(example = "13.5") double x,
            @Schema(example = "24.1") double y,
            @Schema(example = "5.0") double z) {}
}
