package dev.gnserve.instances;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Geometry;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.TileBlender;
import dev.gnserve.model.CellposeSpec;
import dev.gnserve.model.PixelMaps;
import dev.gnserve.pipeline.TileCollector;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Puts the flows of all tiles together, averaged where tiles overlap, then finds the objects of the whole picture, as cellpose's
 * {@code resize_and_compute_masks} (Stringer et al. 2021). Not thread-safe.
 */
final class CellposeCollector implements TileCollector<Instances> {

    private static final int CHANNELS = 3;

    /** The flows of a network are five times unit vectors. */
    private static final float LENGTH = 5;

    private final CellposeSpec spec;
    private final PreparedImage prepared;
    private final float threshold;

    /** Known with the first tile. */
    private @Nullable Picture picture;

    /** @param threshold a pixel belongs to an object if its logit is above this */
    CellposeCollector(CellposeSpec spec, PreparedImage prepared, float threshold) {
        this.spec = spec;
        this.prepared = prepared;
        this.threshold = threshold;
    }

    @Override
    public void add(Prediction tile) {
        Tensor flows = CellposeSpec.flows(tile);
        int stride = PixelMaps.requireStride(flows, prepared.tileWidth(), prepared.tileHeight());
        float[] values = flows.floats();
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new FailureException(
                        FailureCode.ENGINE_FAULT, "The model's output contains " + value + " for this image.");
            }
        }
        Picture current = picture == null ? new Picture(stride) : picture;
        picture = current;
        current.blender.add(
                new PlanarImage(CHANNELS, flows.shape().size(1), flows.shape().size(2), values));
    }

    @Override
    public Instances finish() {
        return Objects.requireNonNull(picture, "no tile").finish();
    }

    /** The maps of the whole picture, at their own scale. */
    private final class Picture {

        private final int stride;
        private final int width;
        private final int height;
        private final float[] down;
        private final float[] right;
        private final float[] logits;
        private final TileBlender blender;

        Picture(int stride) {
            this.stride = stride;
            Geometry geometry = prepared.geometry();
            width = (geometry.scaledWidth() + stride - 1) / stride;
            height = (geometry.scaledHeight() + stride - 1) / stride;
            down = new float[Math.multiplyExact(width, height)];
            right = new float[down.length];
            logits = new float[down.length];
            blender = prepared.outputBlender(CHANNELS, stride, (y, row) -> {
                System.arraycopy(row, 0, down, y * width, width);
                System.arraycopy(row, width, right, y * width, width);
                System.arraycopy(row, 2 * width, logits, y * width, width);
            });
        }

        Instances finish() {
            int[] ids = objects();
            int count = new NumberedAreas(ids, width).count();
            int[] areas = new int[count + 1];
            double[] sums = new double[count + 1];
            for (int i = 0; i < ids.length; i++) {
                areas[ids[i]]++;
                sums[ids[i]] += ids[i] == 0 ? 0 : 1 / (1 + Math.exp(-logits[i]));
            }
            float[] scores = new float[count];
            for (int id = 1; id <= count; id++) {
                scores[id - 1] = (float) (sums[id] / Math.max(1, areas[id]));
            }
            return new Instances(width, height, ids, scores, new int[count]).onOriginal(prepared.geometry(), stride);
        }

        private int[] objects() {
            boolean[] cell = new boolean[logits.length];
            float[] stepDown = new float[cell.length];
            float[] stepRight = new float[cell.length];
            for (int i = 0; i < cell.length; i++) {
                cell[i] = logits[i] > threshold;
                stepDown[i] = cell[i] ? down[i] / LENGTH : 0;
                stepRight[i] = cell[i] ? right[i] / LENGTH : 0;
            }
            int[] ids = FlowDynamics.objects(stepDown, stepRight, cell, width, spec.steps());
            NumberedAreas found = new NumberedAreas(ids, width);
            double largest = (double) spec.maximumFraction() * ids.length;
            found.keep(ids, id -> found.sizes[id] <= largest);
            if (spec.flowThreshold() > 0) {
                NumberedAreas areas = new NumberedAreas(ids, width);
                double[] errors = FlowCheck.errors(down, right, ids, width, areas);
                areas.keep(ids, id -> errors[id] <= spec.flowThreshold());
            }
            NumberedAreas all = new NumberedAreas(ids, width);
            all.keep(ids, id -> all.sizes[id] >= spec.minimumArea());
            new NumberedAreas(ids, width).fillHoles(ids, width);
            NumberedAreas filled = new NumberedAreas(ids, width);
            filled.keep(ids, id -> filled.sizes[id] >= spec.minimumArea());
            return ids;
        }
    }
}
