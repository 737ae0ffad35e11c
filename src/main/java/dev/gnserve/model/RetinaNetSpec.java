package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.model.AnchorSpec.Style;
import java.util.ArrayList;
import java.util.List;

/**
 * The head of RetinaNet (Lin et al. 2017): for each location and anchor logits of the labels, and how the box differs from the anchor
 * (Girshick et al. 2014, appendix C). The score is sigmoid(class). EfficientDet (Tan et al. 2020) has the same head with anchors of its
 * own, and writes the four differences in the order y, x, height, width.
 *
 * @param candidates of each level, or with EfficientDet's anchors of all levels together
 */
public record RetinaNetSpec(AnchorSpec anchors, List<Integer> strides, int candidates) implements HeadSpec {

    private static final int MAPS = 2;

    /** The logarithm of the most that a box is larger than its anchor, as in torchvision and detectron2. */
    private static final float MOST_GROWTH = (float) Math.log(1000.0 / 16);

    /** As many as take part in the suppression of EfficientDet's authors. */
    private static final int EFFICIENTDET_CANDIDATES = 5_000;

    public RetinaNetSpec {
        strides = List.copyOf(strides);
    }

    static RetinaNetSpec read(ManifestTree tree) {
        AnchorSpec anchors = AnchorSpec.read(tree);
        boolean own = anchors.style() == Style.EFFICIENTDET && !tree.isGiven("/output/candidates");
        return new RetinaNetSpec(
                anchors,
                List.of(tree.get("/output/strides", Integer[].class, new Integer[0])),
                own ? EFFICIENTDET_CANDIDATES : tree.get("/output/candidates", Integer.class));
    }

    @Override
    public HeadBoxes decode(Prediction prediction, int labels, int width, int height, float least) {
        HeadLevels levels = HeadLevels.of(prediction, MAPS, labels);
        int each = anchors.count();
        if (!levels.isRows() && levels.anchors() != each) {
            throw HeadGrid.fault(
                    "The model returned boxes of " + levels.anchors() + " anchors a location, but output.anchors has "
                            + each + ": " + anchors.scales().size() + " scales and " + anchors.shapes() + " ratios");
        }
        boolean efficientDet = anchors.style() == Style.EFFICIENTDET;
        List<HeadGrid> grids = HeadGrid.of(levels, strides, anchors.style() == Style.TORCHVISION, each, width, height);
        if (grids.size() != anchors.sizes().size()) {
            throw HeadGrid.fault("The model returned " + grids.size() + " levels, but output.anchors has the "
                    + anchors.sizes().size() + " sizes " + anchors.sizes() + ", one a level");
        }
        int total = each * grids.stream().mapToInt(HeadGrid::locations).sum();
        float[] boxes = new float[4 * total];
        float[] scores = new float[labels * total];
        List<Integer> ends = new ArrayList<>();
        float cut = HeadGrid.logitBelow(least);
        int at = 0;
        for (int i = 0; i < grids.size(); i++) {
            int map = levels.isRows() ? 0 : i;
            HeadGrid grid = grids.get(i);
            float[] deltas = grid.values(levels.boxes().get(map), each, 4);
            float[] logits = grid.values(levels.classes().get(map), each, labels);
            float[][] shapes = anchors.ofLevel(i);
            float offset = efficientDet ? 0.5f : 0;
            if (efficientDet && (width % grid.strideX() != 0 || height % grid.strideY() != 0)) {
                throw HeadGrid.fault(
                        "The input has %d x %d pixels (width x height), but sides of EfficientDet are multiples of its largest stride. Set input.sizeMultiple: 128."
                                .formatted(width, height));
            }
            for (int row = 0; row < each * grid.locations(); row++) {
                float x = (row / each % grid.width() + offset) * grid.strideX();
                int line = row / each / grid.width();
                float y = (line + offset) * grid.strideY();
                decode(shapes[row % each], x, y, deltas, 4 * (grid.first() + row), boxes, 4 * (at + row));
            }
            int count = each * grid.locations() * labels;
            for (int value = 0; value < count; value++) {
                float logit = logits[grid.first() * labels + value];
                scores[at * labels + value] = logit < cut ? 0 : HeadGrid.sigmoid(logit);
            }
            at += each * grid.locations();
            ends.add(at);
        }
        return new HeadBoxes(boxes, scores, efficientDet ? List.of(total) : ends);
    }

    private void decode(float[] anchor, float x, float y, float[] deltas, int from, float[] boxes, int to) {
        boolean heightFirst = anchors.style() == Style.EFFICIENTDET;
        int along = from + (heightFirst ? 1 : 0);
        int down = from + (heightFirst ? 0 : 1);
        float most = heightFirst ? Float.POSITIVE_INFINITY : MOST_GROWTH;
        float width = anchor[2] - anchor[0];
        float height = anchor[3] - anchor[1];
        float centreX = x + anchor[0] + 0.5f * width + deltas[along] * width;
        float centreY = y + anchor[1] + 0.5f * height + deltas[down] * height;
        float halfWidth = 0.5f * (float) Math.exp(Math.min(deltas[along + 2], most)) * width;
        float halfHeight = 0.5f * (float) Math.exp(Math.min(deltas[down + 2], most)) * height;
        boxes[to] = centreX - halfWidth;
        boxes[to + 1] = centreY - halfHeight;
        boxes[to + 2] = centreX + halfWidth;
        boxes[to + 3] = centreY + halfHeight;
    }
}
