package dev.gnserve.model;

import java.util.List;

/**
 * How the class and mask queries of MaskFormer and Mask2Former (Cheng et al. 2021, 2022) become objects.
 *
 * @param scaledFirst whether masks are scaled to the input as logits, before anything else (Mask2Former)
 * @param segments what the objects of a detection are
 * @param stuff labels whose segments are one object; with panoptic segments
 * @param overlap a panoptic segment counts if more than this part of its mask is its own
 */
public record QuerySpec(boolean scaledFirst, Segments segments, List<String> stuff, float overlap)
        implements FamilySpec {

    /** Instance: objects may overlap. Panoptic: a pixel belongs to one object, or to none. */
    public enum Segments {
        INSTANCE,
        PANOPTIC
    }

    public QuerySpec {
        stuff = List.copyOf(stuff);
    }

    /** @throws IllegalArgumentException if a label of stuff is none of the model */
    static QuerySpec read(ManifestTree tree, boolean scaledFirst, List<String> labels) {
        List<String> stuff = List.of(tree.get("/output/stuff", String[].class, new String[0]));
        for (String label : stuff) {
            if (!labels.contains(label)) {
                throw new IllegalArgumentException(
                        "output.stuff has " + label + ", which is none of the labels " + labels);
            }
        }
        return new QuerySpec(
                scaledFirst,
                tree.get("/output/segments", Segments.class, Segments.INSTANCE),
                stuff,
                tree.get("/output/overlap", Float.class));
    }
}
