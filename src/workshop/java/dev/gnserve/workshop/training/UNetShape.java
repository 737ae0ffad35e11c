package dev.gnserve.workshop.training;

import java.util.List;

/**
 * What fixes a U-Net: channels in, channels at each resolution (each half of the one before), the norm of every layer, what differs from it at the
 * entrance, classes out.
 */
public record UNetShape(int inputChannels, List<Integer> widths, Norm norm, Entrance entrance, int classes) {

    public UNetShape {
        widths = List.copyOf(widths);
        if (inputChannels < 1 || classes < 1 || widths.size() < 2) {
            throw new IllegalArgumentException("a U-Net needs input channels, classes and two resolutions or more, not "
                    + inputChannels + ", " + classes + ", " + widths);
        }
        widths.forEach(norm::layer); // Refuses channels that the groups do not divide.
        entrance.input().layer(inputChannels);
        entrance.first().layer(widths.get(0));
    }

    /** A U-Net with one norm. */
    public UNetShape(int inputChannels, List<Integer> widths, Norm norm, int classes) {
        this(inputChannels, widths, norm, Entrance.plain(norm), classes);
    }

    public int levels() {
        return widths.size();
    }

    /** Height and width of an input must be multiples of this. */
    public int multiple() {
        return 1 << (levels() - 1);
    }
}
