package dev.gnserve.image;

/**
 * The eight colours of Okabe and Ito ("Color Universal Design", 2008) but black: told apart by colour-blind eyes as well,
 * and on dark as on bright pictures.
 */
final class Palette {

    private static final int[] COLORS = {0xE69F00, 0x56B4E9, 0x009E73, 0xF0E442, 0xD55E00, 0xCC79A7, 0x0072B2};

    static final int SIZE = COLORS.length;

    private Palette() {}

    /** A colour as 0xRRGGBB; indices beyond the palette start it again. */
    static int color(int index) {
        return COLORS[Math.floorMod(index, SIZE)];
    }

    /** Black or white, whichever is read better on a colour. */
    static int textOn(int color) {
        int luma = (299 * (color >> 16 & 0xFF) + 587 * (color >> 8 & 0xFF) + 114 * (color & 0xFF)) / 1000;
        return luma > 110 ? 0x000000 : 0xFFFFFF;
    }
}
