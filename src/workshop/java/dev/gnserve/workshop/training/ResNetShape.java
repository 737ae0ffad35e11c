package dev.gnserve.workshop.training;

import java.util.List;

/**
 * What fixes a residual classifier: channels in, channels of each stage (each half the resolution of the one before), the norm of every layer, classes
 * out.
 */
public record ResNetShape(int inputChannels, List<Integer> widths, Norm norm, int classes) {

    public ResNetShape {
        widths = List.copyOf(widths);
        if (inputChannels < 1 || classes < 1 || widths.isEmpty()) {
            throw new IllegalArgumentException("a classifier needs input channels, stages and classes, not "
                    + inputChannels + ", " + widths + ", " + classes);
        }
        widths.forEach(norm::layer); // Refuses channels that the groups do not divide.
    }
}
