package dev.gnserve.segmentation;

import dev.gnserve.image.LabelMap;
import dev.gnserve.pipeline.Mask;
import dev.gnserve.pipeline.MaskWriter;
import dev.gnserve.segmentation.SegmentedVolume.SliceMask;
import dev.gnserve.segmentation.SegmentedVolume.VoxelBox;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.LabelVoxels;
import dev.gnserve.volume.VolumeShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The voxels of one label and of its objects as masks of the planes of a file, in COCO's run-length encoding. */
final class SliceMasks {

    private static final MaskWriter RLE = new MaskWriter(MaskWriter.Masks.RLE);

    /** For voxels of the label in objects that are too small. */
    private static final int NO_OBJECT = -1;

    private final VolumeShape shape;

    /** The number of the object of each voxel; 0 for other labels. */
    private final int[] numbers;

    /** Its planes, as far as they were asked for. */
    private final @Nullable LabelMap[] planes;

    SliceMasks(VolumeShape shape, AxisOrder.Grid grid, LabelVoxels label) {
        this.shape = shape;
        this.planes = new LabelMap[shape.depth()];
        this.numbers = new int[Math.toIntExact(shape.voxels())];
        label.paint((object, a, b, c, length) -> {
            int place = grid.place(a, b, c);
            for (int i = 0; i < length; i++, place += grid.steps()[2]) {
                numbers[place] = object == 0 ? NO_OBJECT : object;
            }
        });
    }

    /** The label in each plane that has it. */
    List<SliceMask> all() {
        List<SliceMask> masks = new ArrayList<>();
        int plane = shape.height() * shape.width();
        for (int z = 0; z < shape.depth(); z++) {
            byte[] inside = new byte[plane];
            boolean any = false;
            for (int i = 0; i < plane; i++) {
                inside[i] = (byte) (numbers[z * plane + i] == 0 ? 0 : 1);
                any |= inside[i] != 0;
            }
            if (any) {
                LabelMap map = LabelMap.of(shape.width(), shape.height(), inside);
                masks.add(mask(z, map, 1, new LabelMap.Region(0, 0, shape.width(), shape.height())));
            }
        }
        return masks;
    }

    /** An object in each plane that has it. */
    List<SliceMask> of(int object, VoxelBox box) {
        LabelMap.Region region = new LabelMap.Region(box.x(), box.y(), box.width(), box.height());
        return IntStream.range(box.z(), box.z() + box.depth())
                .filter(z -> isIn(z, object, box))
                .mapToObj(z -> mask(z, plane(z), object, region))
                .toList();
    }

    private boolean isIn(int z, int object, VoxelBox box) {
        for (int y = box.y(); y < box.y() + box.height(); y++) {
            int row = (z * shape.height() + y) * shape.width();
            for (int x = box.x(); x < box.x() + box.width(); x++) {
                if (numbers[row + x] == object) {
                    return true;
                }
            }
        }
        return false;
    }

    private LabelMap plane(int z) {
        LabelMap map = planes[z];
        if (map == null) {
            int plane = shape.height() * shape.width();
            map = LabelMap.of(shape.width(), shape.height(), Arrays.copyOfRange(numbers, z * plane, (z + 1) * plane));
            planes[z] = map;
        }
        return map;
    }

    private static SliceMask mask(int z, LabelMap map, int label, LabelMap.Region region) {
        Mask mask = Objects.requireNonNull(RLE.write(map, label, region), "RLE is an encoding");
        return new SliceMask(z, mask);
    }
}
