package dev.gnserve.model;

import java.util.List;

/**
 * The anchors of RetinaNet: at each location of a level one for each scale and ratio.
 *
 * @param style whose rounding and order they have
 * @param sizes side of a square anchor in input pixels, one for each level
 * @param scales factors of the sizes
 * @param ratios height divided by width
 */
public record AnchorSpec(Style style, List<Float> sizes, List<Float> scales, List<Float> ratios) {

    /**
     * Torchvision: sizes and edges are whole numbers; the anchors of the first ratio come first. Detectron2: nothing is rounded; the
     * anchors of the first scale come first.
     */
    public enum Style {
        TORCHVISION,
        DETECTRON2
    }

    public AnchorSpec {
        sizes = List.copyOf(sizes);
        scales = List.copyOf(scales);
        ratios = List.copyOf(ratios);
    }

    static AnchorSpec read(ManifestTree tree) {
        String at = "/output/anchors";
        return new AnchorSpec(
                tree.get(at + "/style", Style.class, Style.TORCHVISION),
                floats(tree, at + "/sizes", 32, 64, 128, 256, 512),
                floats(tree, at + "/scales", 1, (float) Math.pow(2, 1.0 / 3), (float) Math.pow(2, 2.0 / 3)),
                floats(tree, at + "/ratios", 0.5f, 1, 2));
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
        return scales.size() * ratios.size();
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
                for (float ratio : ratios) {
                    double size = sizes.get(level) * scale;
                    double width = Math.sqrt(size * size / ratio);
                    float halfWidth = (float) (width / 2);
                    float halfHeight = (float) (ratio * width / 2);
                    anchors[at++] = new float[] {-halfWidth, -halfHeight, halfWidth, halfHeight};
                }
            }
        }
        return anchors;
    }
}
