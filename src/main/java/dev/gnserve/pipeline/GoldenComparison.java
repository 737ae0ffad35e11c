package dev.gnserve.pipeline;

import dev.gnserve.image.Box;
import dev.gnserve.image.CocoRle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Compares two results for one image, as JSON: masks of classes by their overlap, detections one by one, labels by their
 * scores. What another processor may round otherwise lies within the tolerance.
 *
 * @param tolerance by how much scores may differ, and by how much less than 1 the overlap of boxes or masks may be
 */
record GoldenComparison(float tolerance) {

    /** What differs, in numbers, or null. */
    @Nullable
    String difference(JsonNode expected, JsonNode given) {
        for (String side : List.of("width", "height")) {
            if (expected.path(side).asInt() != given.path(side).asInt()) {
                return "the expected " + side + " is " + expected.path(side) + ", the image's is " + given.path(side);
            }
        }
        String difference = null;
        if (given.has("classes")) {
            difference = classes(expected.path("classes"), given.path("classes"));
        } else if (given.has("detections")) {
            difference = detections(expected.path("detections"), given.path("detections"));
        } else if (given.has("predictions")) {
            difference = labels(expected.path("predictions"), given.path("predictions"));
        }
        return difference;
    }

    private @Nullable String classes(JsonNode expected, JsonNode given) {
        if (expected.size() != given.size()) {
            return expected.size() + " classes are expected and there are " + given.size();
        }
        for (int i = 0; i < given.size(); i++) {
            String label = given.path(i).path("label").asString();
            if (!label.equals(expected.path(i).path("label").asString())) {
                return "class " + i + " is expected to be " + expected.path(i).path("label") + " and is " + label;
            }
            double overlap = iou(expected.path(i).path("mask"), given.path(i).path("mask"));
            if (!(overlap >= 1 - tolerance)) {
                return String.format(
                        "the masks of %s overlap by %.4f (IoU) where %.4f is expected", label, overlap, 1 - tolerance);
            }
        }
        return null;
    }

    private static double iou(JsonNode expected, JsonNode given) {
        byte[] one = pixels(expected);
        byte[] other = pixels(given);
        if (one.length != other.length) {
            return 0;
        }
        long common = 0;
        long either = 0;
        for (int i = 0; i < one.length; i++) {
            common += one[i] & other[i];
            either += one[i] | other[i];
        }
        return either == 0 ? 1 : (double) common / either;
    }

    private static byte[] pixels(JsonNode mask) {
        JsonNode size = mask.path("size");
        try {
            return new CocoRle(
                            size.path(0).asInt(),
                            size.path(1).asInt(),
                            mask.path("counts").asString())
                    .pixels();
        } catch (IllegalArgumentException e) {
            return new byte[0]; // Nothing that a mask could be equal to.
        }
    }

    private @Nullable String detections(JsonNode expected, JsonNode given) {
        List<JsonNode> left = new ArrayList<>();
        given.forEach(left::add);
        for (JsonNode one : expected) {
            JsonNode match = null;
            for (JsonNode other : left) {
                if (isSame(one, other)) {
                    match = other;
                    break;
                }
            }
            if (match == null) {
                return "the expected " + one.path("label").asString() + " of score "
                        + one.path("score").asDouble() + " at " + one.path("box") + " is not found";
            }
            left.remove(match);
        }
        return left.isEmpty()
                ? null
                : expected.size() + " objects are expected and there are " + given.size() + ", as "
                        + left.get(0).path("label").asString() + " at "
                        + left.get(0).path("box");
    }

    private boolean isSame(JsonNode one, JsonNode other) {
        Box a = box(one.path("box"));
        Box b = box(other.path("box"));
        double width = Math.min(a.right(), b.right()) - Math.max(a.x(), b.x());
        double height = Math.min(a.bottom(), b.bottom()) - Math.max(a.y(), b.y());
        double common = Math.max(0, width) * Math.max(0, height);
        double overlap = common / (a.width() * a.height() + b.width() * b.height() - common);
        boolean masks = !other.has("mask") || iou(one.path("mask"), other.path("mask")) >= 1 - tolerance;
        return one.path("label").equals(other.path("label"))
                && isNear(one.path("score"), other.path("score"))
                && overlap >= 1 - tolerance
                && masks;
    }

    private static Box box(JsonNode box) {
        return new Box(
                box.path("x").asDouble(),
                box.path("y").asDouble(),
                box.path("width").asDouble(),
                box.path("height").asDouble());
    }

    private @Nullable String labels(JsonNode expected, JsonNode given) {
        if (expected.isEmpty()) {
            return "no predictions are expected";
        }
        for (JsonNode one : expected) {
            for (JsonNode other : given) {
                boolean same = one.path("label").equals(other.path("label"));
                if (same && !isNear(one.path("score"), other.path("score"))) {
                    return "the score of " + one.path("label").asString() + " is expected to be "
                            + one.path("score").asDouble() + " and is "
                            + other.path("score").asDouble();
                }
            }
        }
        return expected.path(0).path("label").equals(given.path(0).path("label"))
                ? null
                : "the best label is expected to be "
                        + expected.path(0).path("label").asString() + " and is "
                        + given.path(0).path("label").asString();
    }

    private boolean isNear(JsonNode expected, JsonNode given) {
        return Math.abs(expected.asDouble() - given.asDouble()) <= tolerance;
    }
}
