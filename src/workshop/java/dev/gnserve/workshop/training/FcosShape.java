package dev.gnserve.workshop.training;

import java.util.List;

/**
 * What fixes a detector: channels at strides 2, 4, 8, 16 and 32, of the pyramid and its head, the norm of every layer, classes out.
 *
 * @param widths of the backbone, from stride 2 on
 * @param pyramid channels of every level that boxes are read from
 */
public record FcosShape(List<Integer> widths, int pyramid, Norm norm, int classes) {

    /** The levels that boxes are read from. */
    static final List<Level> LEVELS =
            List.of(new Level(8, 0, 40), new Level(16, 40, 96), new Level(32, 96, Float.POSITIVE_INFINITY));

    /**
     * One level of the pyramid.
     *
     * @param stride input pixels per location
     * @param above largest distance to a side, exclusive, up to which a box belongs to the level below
     * @param upTo largest distance to a side, inclusive, that belongs to this level
     */
    record Level(int stride, float above, float upTo) {}

    public FcosShape {
        widths = List.copyOf(widths);
        if (widths.size() != 5 || classes < 1) {
            throw new IllegalArgumentException(
                    "a detector needs widths at 5 strides and a class or more, not " + widths + " and " + classes);
        }
        for (int width : widths) {
            norm.layer(width);
        }
        norm.layer(pyramid);
    }

    /** Height and width of an input must be multiples of this. */
    public int multiple() {
        return LEVELS.get(LEVELS.size() - 1).stride();
    }

    /** Locations of all levels for an input of this size. */
    static int locations(int height, int width) {
        return LEVELS.stream()
                .mapToInt(level -> (height / level.stride()) * (width / level.stride()))
                .sum();
    }
}
