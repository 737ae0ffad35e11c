package dev.gnserve.evaluation;

import java.util.List;

/**
 * A line of a diagram, in the square from (0, 0) to (1, 1).
 *
 * @param name of the line
 * @param points in their order
 */
public record Curve(String name, List<Point> points) {

    public Curve {
        points = List.copyOf(points);
    }

    /** A point of the line. */
    public record Point(double x, double y) {}
}
