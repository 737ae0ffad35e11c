package dev.gnserve.cli;

import dev.gnserve.model.StatedShape;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Reads the option {@code --shape} of several commands. */
final class ShapeOption {

    private ShapeOption() {}

    /**
     * Reads the values.
     *
     * @throws ParameterException naming one that is no shape
     */
    static List<StatedShape> parse(List<String> values, CommandLine command) {
        List<StatedShape> shapes = new ArrayList<>();
        for (String value : values) {
            try {
                shapes.add(StatedShape.parse(value));
            } catch (IllegalArgumentException e) {
                throw new ParameterException(command, "--shape " + e.getMessage(), e);
            }
        }
        return shapes;
    }
}
