package dev.gnserve.segmentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.CocoRleDecoder;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.segmentation.SegmentedVolume.SliceMask;
import dev.gnserve.segmentation.SegmentedVolume.VolumeObject;
import dev.gnserve.segmentation.VolumeRequest.Content;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.Geometry;
import dev.gnserve.volume.LabelRuns;
import dev.gnserve.volume.LabelVoxels;
import dev.gnserve.volume.VolumeShape;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VolumeSegmentationTest {

    private static final Timing TIMING = new Timing(0, 0, 0, 0, 0, 1, 1);

    /** Voxels of any number of objects, of which only the numbers exist. */
    private record Numbered(int count, int at) implements LabelVoxels {

        @Override
        public long voxels() {
            return count;
        }

        @Override
        public List<Found> objects() {
            return Collections.nCopies(count, new Found(1, 1, new int[3], new int[] {1, 1, 1}, new double[3]));
        }

        @Override
        public void paint(Painter painter) {
            painter.run(1, 0, 0, at, 1);
        }
    }

    private static VolumeSegmentation segmentation(
            VolumeShape shape, AxisOrder order, List<LabelVoxels> labels, boolean objects, Content content) {
        return new VolumeSegmentation(
                IntStream.range(0, labels.size()).mapToObj(i -> "l" + i).toList(),
                shape,
                new Geometry(null, null, null),
                new byte[shape.height() * shape.width()],
                order.grid(shape),
                labels,
                new VolumeRequest(null, objects, true, null, content),
                false,
                null);
    }

    private static VolumeSegmentation row(int width, List<LabelVoxels> labels, Content content) {
        return segmentation(new VolumeShape(1, 1, 1, width), AxisOrder.ZYX, labels, true, content);
    }

    @Test
    void moreObjectsThanAPictureOf16BitsHoldsAreRefused() {
        row(1, List.of(new Numbered(65_535, 0)), Content.OBJECTS).picture(false);

        assertThatThrownBy(() -> row(1, List.of(new Numbered(65_000, 0), new Numbered(536, 0)), Content.OBJECTS)
                        .picture(false))
                .isInstanceOfSatisfying(FailureException.class, e -> {
                    assertThat(e.failure().code()).isEqualTo(FailureCode.INVALID_REQUEST);
                    assertThat(e.failure().detail()).contains("65,536 objects", "format=npy");
                });
    }

    @Test
    void moreThan255LabelsAreAPictureOf16Bits() throws IOException {
        List<LabelVoxels> labels = IntStream.range(0, 300)
                .mapToObj(label -> (LabelVoxels) new Numbered(1, label))
                .toList();

        BufferedImage png = ImageIO.read(
                new ByteArrayInputStream(row(300, labels, Content.LABELS).picture(false)));

        assertThat(png.getRaster().getSamples(0, 0, 300, 1, 0, (int[]) null))
                .containsExactly(IntStream.rangeClosed(1, 300).toArray());
    }

    @Test
    void moreObjectsThanADocumentListsAreRefused() {
        List<LabelVoxels> most = List.of(new Numbered(200_000, 0));
        row(1, most, Content.LABELS).requireListable();
        List<LabelVoxels> more = List.of(new Numbered(200_001, 0));
        VolumeShape one = new VolumeShape(1, 1, 1, 1);
        segmentation(one, AxisOrder.ZYX, more, false, Content.LABELS).requireListable();

        assertThatThrownBy(() -> row(1, more, Content.LABELS).requireListable())
                .isInstanceOfSatisfying(FailureException.class, e -> {
                    assertThat(e.failure().code()).isEqualTo(FailureCode.INVALID_REQUEST);
                    assertThat(e.failure().detail()).contains("200,001 objects", "objects=false");
                });
    }

    /** The masks of all objects are the voxels that were there, whatever the order of the axes is. */
    @ParameterizedTest
    @ValueSource(strings = {"zyx", "xyz", "yxz"})
    void masksOfPlanesAreTheVoxelsOfTheFile(String axes) {
        VolumeShape shape = new VolumeShape(1, 4, 5, 6);
        AxisOrder order = AxisOrder.of(axes);
        AxisOrder.Grid grid = order.grid(shape);
        boolean[] voxels = random(shape);

        SegmentedVolume volume = segmentation(shape, order, List.of(connected(voxels, grid, 1)), true, Content.LABELS)
                .describe("v", TIMING, Cancellation.NEVER);

        assertThat(painted(volume.classes().get(0).slices(), shape)).isEqualTo(voxels);
        boolean[] together = new boolean[voxels.length];
        assertThat(volume.objects()).hasSizeGreaterThan(3);
        for (VolumeObject object : volume.objects()) {
            boolean[] own = painted(object.slices(), shape);
            int count = 0;
            for (int i = 0; i < own.length; i++) {
                assertThat(own[i] && together[i]).isFalse();
                together[i] |= own[i];
                count += own[i] ? 1 : 0;
            }
            assertThat(count).isEqualTo((int) object.voxels());
            assertThat(object.slices()).hasSize(object.box().depth());
        }
        assertThat(together).isEqualTo(voxels);
    }

    private static boolean[] random(VolumeShape shape) {
        Random random = new Random(3);
        boolean[] voxels = new boolean[(int) shape.voxels()];
        for (int i = 0; i < voxels.length; i++) {
            voxels[i] = random.nextInt(3) == 0;
        }
        return voxels;
    }

    private static LabelRuns connected(boolean[] voxels, AxisOrder.Grid grid, int minimum) {
        int[] sizes = grid.sizes();
        LabelRuns runs = new LabelRuns(sizes[1], sizes[2], 1000);
        for (int a = 0; a < sizes[0]; a++) {
            float[] plane = new float[sizes[1] * sizes[2]];
            for (int i = 0; i < plane.length; i++) {
                plane[i] = voxels[grid.place(a, i / sizes[2], i % sizes[2])] ? 1 : 0;
            }
            runs.add(plane, probability -> probability > 0.5f);
        }
        runs.finish(1, minimum);
        return runs;
    }

    private static boolean[] painted(List<SliceMask> slices, VolumeShape shape) {
        boolean[] voxels = new boolean[(int) shape.voxels()];
        int plane = shape.height() * shape.width();
        for (SliceMask slice : slices) {
            boolean[][] inside = CocoRleDecoder.decode(slice.mask().counts(), shape.height(), shape.width());
            for (int y = 0; y < shape.height(); y++) {
                System.arraycopy(inside[y], 0, voxels, slice.z() * plane + y * shape.width(), shape.width());
            }
        }
        return voxels;
    }

    @Test
    void masksOfObjectsEndWhenTheyAreNoLongerWanted() {
        VolumeShape shape = new VolumeShape(1, 4, 5, 6);
        AxisOrder.Grid grid = AxisOrder.ZYX.grid(shape);
        AtomicInteger asked = new AtomicInteger();
        Cancellation afterTheLabel = () -> {
            if (asked.incrementAndGet() > 4 + 2) {
                throw new IllegalStateException("no longer wanted");
            }
        };

        assertThatThrownBy(() -> segmentation(
                                shape, AxisOrder.ZYX, List.of(connected(random(shape), grid, 1)), true, Content.LABELS)
                        .describe("v", TIMING, afterTheLabel))
                .hasMessage("no longer wanted");
        assertThat(asked).as("a plane of the label or an object each").hasValue(7);
    }
}
