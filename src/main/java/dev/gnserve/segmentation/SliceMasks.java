package dev.gnserve.segmentation;

import dev.gnserve.image.Cancellation;
import dev.gnserve.image.CocoRle;
import dev.gnserve.image.LabelMap;
import dev.gnserve.pipeline.Mask;
import dev.gnserve.segmentation.SegmentedVolume.SliceMask;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.LabelVoxels;
import dev.gnserve.volume.VolumeShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The voxels of one label and of its objects as masks of the planes of a file, in COCO's run-length encoding. */
final class SliceMasks {

    private final VolumeShape shape;
    private final Cancellation cancellation;

    /** 1 for each voxel of the label. */
    private final byte[] inside;

    /** Where the voxels of objects are, object after object: plane after plane, and down its columns. */
    private final int[] places;

    /** The end of each object in {@link #places}. */
    private final int[] ends;

    private final int first;

    /**
     * Collects the voxels.
     *
     * @param first number of the label's objects
     * @param objects whether masks of objects are wanted
     */
    SliceMasks(
            VolumeShape shape,
            AxisOrder.Grid grid,
            LabelVoxels label,
            int first,
            boolean objects,
            Cancellation cancellation) {
        this.shape = shape;
        this.cancellation = cancellation;
        this.first = first;
        this.inside = new byte[Math.toIntExact(shape.voxels())];
        List<LabelVoxels.Found> found = objects ? label.objects() : List.of();
        this.ends = new int[found.size()];
        int count = 0;
        for (int i = 0; i < ends.length; i++) {
            ends[i] = count; // Moves to its end with each voxel.
            count += Math.toIntExact(found.get(i).voxels());
        }
        this.places = new int[count];
        label.paint((object, a, b, c, length) -> {
            int voxel = grid.place(a, b, c);
            for (int i = 0; i < length; i++, voxel += grid.steps()[2]) {
                inside[voxel] = 1;
                if (objects && object > 0) {
                    places[ends[object - first]++] = downTheColumns(voxel);
                }
            }
        });
    }

    private int downTheColumns(int voxel) {
        int inPlane = voxel % plane();
        return voxel - inPlane + inPlane % shape.width() * shape.height() + inPlane / shape.width();
    }

    private int plane() {
        return shape.height() * shape.width();
    }

    /** The label in each plane that has it. */
    List<SliceMask> all() {
        List<SliceMask> masks = new ArrayList<>();
        for (int z = 0; z < shape.depth(); z++) {
            cancellation.throwIfCancelled();
            byte[] mask = Arrays.copyOfRange(inside, z * plane(), (z + 1) * plane());
            LabelMap map = LabelMap.of(shape.width(), shape.height(), mask);
            if (map.count(1) > 0) {
                masks.add(new SliceMask(z, Mask.of(CocoRle.of(map, 1))));
            }
        }
        return masks;
    }

    /** An object in each plane that has it. Takes time for its voxels only. */
    List<SliceMask> of(int object) {
        cancellation.throwIfCancelled();
        int end = ends[object - first];
        int at = object == first ? 0 : ends[object - first - 1];
        Arrays.sort(places, at, end);
        List<SliceMask> masks = new ArrayList<>();
        while (at < end) {
            int z = places[at] / plane();
            int next = at;
            while (next < end && places[next] / plane() == z) {
                next++;
            }
            int[] inPlane = Arrays.stream(places, at, next)
                    .map(place -> place - z * plane())
                    .toArray();
            masks.add(new SliceMask(z, Mask.of(CocoRle.ofPlaces(shape.height(), shape.width(), inPlane))));
            at = next;
        }
        return masks;
    }
}
