package dev.gnserve.workshop.training;

import java.util.List;

/**
 * What fixes a U-Net: channels in, channels at each resolution (each half of the one before), groups of every norm, classes out.
 */
public record UNetShape(int inputChannels, List<Integer> widths, int groups, int classes) {

    public UNetShape {
        widths = List.copyOf(widths);
        if (inputChannels < 1 || classes < 1 || widths.size() < 2) {
            throw new IllegalArgumentException("a U-Net needs input channels, classes and two resolutions or more, not "
                    + inputChannels + ", " + classes + ", " + widths);
        }
        for (int width : widths) {
            if (width < 1 || width % groups != 0) {
                throw new IllegalArgumentException("width " + width + " cannot be split into " + groups + " groups");
            }
        }
    }

    public int levels() {
        return widths.size();
    }

    /** Height and width of an input must be multiples of this. */
    public int multiple() {
        return 1 << (levels() - 1);
    }
}
