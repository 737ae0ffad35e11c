package dev.gnserve.model;

import java.util.List;

/**
 * The anchors of RetinaNet and of its descendants: at each location of a level one for each scale and ratio.
 *
 * @param style whose rounding and order they have
 * @param sizes side of a square anchor in input pixels, one for each level
 * @param scales factors of the sizes
 * @param ratios height divided by width; empty for EfficientDet's own three shapes
 */
public record AnchorSpec(Style style, List<Float> sizes, List<Float> scales, List<Float> ratios) {

    /**
     * Torchvision: sizes and edges are whole numbers; the anchors of the first ratio come first. Detectron2: nothing is rounded; the
     * anchors of the first scale come first. EfficientDet: as detectron2, in the middle of a stride; the four numbers of a box are those
     * of y, x, height and width; the best candidates of all levels together take part in the suppression.
     */
    public enum Style {
        TORCHVISION,
        DETECTRON2,
        EFFICIENTDET
    }

    /** Factors of width and height: a square, and 2:1 and 1:2 with one decimal, as in the authors' code (Tan et al. 2020). */
    private static final double[][] EFFICIENTDET_SHAPES = {{1, 1}, {1.4, 0.7}, {0.7, 1.4}};

    public AnchorSpec {
        sizes = List.copyOf(sizes);
        scales = List.copyOf(scales);
        ratios = List.copyOf(ratios);
    }

    static AnchorSpec read(ManifestTree tree) {
        String at = "/output/anchors";
        Style style = tree.get(at + "/style", Style.class, Style.TORCHVISION);
        float[] ratios = style == Style.EFFICIENTDET ? new float[0] : new float[] {0.5f, 1, 2};
        return new AnchorSpec(
                style,
                floats(tree, at + "/sizes", 32, 64, 128, 256, 512),
                floats(tree, at + "/scales", 1, (float) Math.pow(2, 1.0 / 3), (float) Math.pow(2, 2.0 / 3)),
                floats(tree, at + "/ratios", ratios));
    }

    private static List<Float> floats(ManifestTree tree, String at, float... usual) {
        Float[] boxed = new Float[usual.length];
        for (int i = 0; i < usual.length; i++) {
            boxed[i] = usual[i];
        }
        return List.of(tree.get(at, Float[].class, boxed));
    }

    /** Anchors of a location. */
    int count() {
        return scales.size() * shapes();
    }

    /** Anchors of a location and scale. */
    int shapes() {
        return ratios.isEmpty() ? EFFICIENTDET_SHAPES.length : ratios.size();
    }

    /** Left, top, right, bottom of each anchor of a level, around 0. */
    float[][] ofLevel(int level) {
        float[][] anchors = new float[count()][];
        int at = 0;
        if (style == Style.TORCHVISION) {
            for (float ratio : ratios) {
                for (float scale : scales) {
                    double size = Math.floor(sizes.get(level) * scale + 1e-4); // 32 x 2 may be stored as 63.99999.
                    float root = (float) Math.sqrt(ratio);
                    float halfWidth = (float) Math.rint(1 / root * (float) size / 2);
                    float halfHeight = (float) Math.rint(root * (float) size / 2);
                    anchors[at++] = new float[] {-halfWidth, -halfHeight, halfWidth, halfHeight};
                }
            }
        } else {
            for (float scale : scales) {
                double size = sizes.get(level) * scale;
                for (int shape = 0; shape < shapes(); shape++) {
                    double[] factors = factors(shape);
                    float halfWidth = (float) (factors[0] * size / 2);
                    float halfHeight = (float) (factors[1] * size / 2);
                    anchors[at++] = new float[] {-halfWidth, -halfHeight, halfWidth, halfHeight};
                }
            }
        }
        return anchors;
    }

    /** By which width and height of a square are multiplied. */
    private double[] factors(int shape) {
        if (ratios.isEmpty()) {
            return EFFICIENTDET_SHAPES[shape];
        }
        double root = Math.sqrt(ratios.get(shape));
        return new double[] {1 / root, root};
    }
}
