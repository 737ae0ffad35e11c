package dev.gnserve.image;

/**
 * Colours of values: evenly spaced colours of matplotlib's viridis (S. van der Walt, N. Smith 2015; CC0), which are told apart by
 * colour-blind eyes and in gray, and straight lines between them.
 */
final class ColourMap {

    private static final int[] COLOURS = {
        0x440154, 0x482878, 0x3E4989, 0x31688E, 0x26828E, 0x1F9E89, 0x35B779, 0x6ECE58, 0xB5DE2B, 0xFDE725
    };

    private ColourMap() {}

    /** A colour as 0xRRGGBB for a step of 0 to 65535. */
    static int color(int step) {
        double place = step / 65535.0 * (COLOURS.length - 1);
        int below = Math.min((int) place, COLOURS.length - 2);
        int color = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int from = COLOURS[below] >> shift & 0xFF;
            int to = COLOURS[below + 1] >> shift & 0xFF;
            color |= (int) Math.round(from + (place - below) * (to - from)) << shift;
        }
        return color;
    }
}
