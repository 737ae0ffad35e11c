package dev.gnserve.segmentation;

import dev.gnserve.image.Cancellation;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.PixelLabels;
import dev.gnserve.model.WatershedSpec;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.LabelRuns;
import dev.gnserve.volume.LabelVoxels;
import dev.gnserve.volume.VolumeShape;
import java.util.List;
import java.util.stream.IntStream;

/** Finds the voxels of the labels of a volume, and their objects, from probabilities that come plane by plane. Not thread-safe. */
interface VolumeLabels {

    /**
     * Adds the next plane of the model's first axis.
     *
     * @param probabilities float32 [output channels, second axis, third axis], used until this returns
     */
    void plane(int number, float[] probabilities);

    /** The voxels of each label of the manifest, after the last plane. Called once. */
    List<? extends LabelVoxels> finish(Cancellation cancellation);

    /** By the decoder of the manifest. */
    static VolumeLabels of(ModelManifest manifest, VolumeRequest request, VolumeShape shape, AxisOrder.Grid grid) {
        return manifest.output().family() instanceof WatershedSpec watershed
                ? new BoundaryLabels(manifest, watershed, request, grid.sizes())
                : new Connected(manifest, request, shape, grid.sizes());
    }

    /** By the same rule as for images ({@link PixelLabels}). Objects are connected voxels. */
    final class Connected implements VolumeLabels {

        private final PixelLabels rule;
        private final List<LabelRuns> labels;
        private final float[] foreground;
        private final int minimumArea;

        Connected(ModelManifest manifest, VolumeRequest request, VolumeShape shape, int[] sizes) {
            Float threshold = request.threshold();
            this.rule = threshold == null ? new PixelLabels(manifest) : new PixelLabels(manifest, threshold);
            this.foreground = new float[sizes[1] * sizes[2]];
            this.minimumArea = manifest.thresholds().minimumArea();
            this.labels = IntStream.range(0, rule.count())
                    .mapToObj(label -> new LabelRuns(sizes[1], sizes[2], VolumeRequest.mostRuns(shape)))
                    .toList();
        }

        @Override
        public void plane(int number, float[] probabilities) {
            for (int label = 0; label < labels.size(); label++) {
                rule.foreground(label, probabilities, foreground.length, foreground);
                int own = label;
                labels.get(label).add(foreground, probability -> rule.isIn(own, probability));
            }
        }

        @Override
        public List<LabelRuns> finish(Cancellation cancellation) {
            int next = 1;
            for (LabelRuns label : labels) {
                next += label.finish(next, minimumArea).size();
            }
            return labels;
        }
    }
}
