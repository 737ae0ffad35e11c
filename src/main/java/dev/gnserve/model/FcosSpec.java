package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The head of FCOS (Tian et al. 2019): for each location logits of the labels, distances to the left, top, right and bottom edge, and
 * centre-ness. The score is sqrt(sigmoid(class) x sigmoid(centre-ness)).
 *
 * @param locations where the locations of a level are
 * @param distances unit of the distances
 */
public record FcosSpec(Locations locations, Distances distances, List<Integer> strides, int candidates)
        implements HeadSpec {

    private static final int MAPS = 3;

    /** Centre: of the square of one stride (the paper, detectron2). Corner: its left upper corner (torchvision's FCOS). */
    public enum Locations {
        CENTRE,
        CORNER
    }

    /** Multiples of the level's stride (torchvision, detectron2), or input pixels. */
    public enum Distances {
        STRIDES,
        PIXELS
    }

    public FcosSpec {
        strides = List.copyOf(strides);
    }

    static FcosSpec read(ManifestTree tree) {
        return new FcosSpec(
                tree.get("/output/locations", Locations.class, Locations.CENTRE),
                tree.get("/output/distances", Distances.class, Distances.STRIDES),
                List.of(tree.get("/output/strides", Integer[].class, new Integer[0])),
                tree.get("/output/candidates", Integer.class));
    }

    @Override
    public HeadBoxes decode(Prediction prediction, int labels, int width, int height, float least) {
        HeadLevels levels = HeadLevels.of(prediction, MAPS, labels);
        boolean corner = locations == Locations.CORNER;
        List<HeadGrid> grids = HeadGrid.of(levels, strides, corner, 1, width, height);
        int total = grids.stream().mapToInt(HeadGrid::locations).sum();
        float[] boxes = new float[4 * total];
        float[] scores = new float[labels * total];
        List<Integer> ends = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < grids.size(); i++) {
            int map = levels.isRows() ? 0 : i;
            HeadGrid grid = grids.get(i);
            boxes(grid, levels.boxes().get(map), boxes, at);
            scores(grid, levels.classes().get(map), levels.centres().get(map), labels, least, scores, at);
            at += grid.locations();
            ends.add(at);
        }
        return new HeadBoxes(boxes, scores, ends);
    }

    private void boxes(HeadGrid grid, Tensor map, float[] boxes, int at) {
        float[] values = grid.values(map, 1, 4);
        float offset = locations == Locations.CENTRE ? 0.5f : 0;
        float scale = distances == Distances.STRIDES ? grid.step() : 1;
        if (scale == 0) {
            throw HeadGrid.fault("The level of %d x %d has no stride that is a power of two. Set output.strides."
                    .formatted(grid.width(), grid.height()));
        }
        for (int i = 0; i < grid.locations(); i++) {
            int from = (grid.first() + i) * 4;
            for (int side = 0; side < 4; side++) {
                if (values[from + side] < 0) {
                    throw HeadGrid.fault(
                            "A distance of the FCOS head is " + values[from + side]
                                    + ", but distances are 0 or more. The archive must return them after their ReLU or exponential.");
                }
            }
            int row = i / grid.width();
            float x = (i % grid.width() + offset) * grid.strideX();
            float y = (row + offset) * grid.strideY();
            int to = 4 * (at + i);
            boxes[to] = x - values[from] * scale;
            boxes[to + 1] = y - values[from + 1] * scale;
            boxes[to + 2] = x + values[from + 2] * scale;
            boxes[to + 3] = y + values[from + 3] * scale;
        }
    }

    private static void scores(
            HeadGrid grid, Tensor map, Tensor centres, int labels, float least, float[] scores, int at) {
        float cut = HeadGrid.logitBelow(least * least); // Centre-ness is 1 at most.
        float[] logits = grid.values(map, 1, labels);
        float[] central = grid.values(centres, 1, 1);
        for (int i = 0; i < grid.locations(); i++) {
            float centre = HeadGrid.sigmoid(central[grid.first() + i]);
            for (int label = 0; label < labels; label++) {
                float logit = logits[(grid.first() + i) * labels + label];
                scores[(at + i) * labels + label] =
                        logit < cut ? 0 * centre : (float) Math.sqrt(HeadGrid.sigmoid(logit) * centre);
            }
        }
    }
}
