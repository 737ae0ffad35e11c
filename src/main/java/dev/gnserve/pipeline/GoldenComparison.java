package dev.gnserve.pipeline;

import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Box;
import dev.gnserve.image.CocoRle;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.UprightImage;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Compares two JSON results for one image: the masks of classes by their overlap (IoU), detections one by one, labels by their scores,
 * embeddings by their distance, maps of values pixel by pixel.
 * The tolerance allows for processors that round differently.
 *
 * @param tolerance by how much scores may differ, and by how much the overlap of boxes or masks may fall below 1
 */
record GoldenComparison(float tolerance) {

    /** The first difference, with its numbers, or null. */
    @Nullable
    String difference(JsonNode expected, JsonNode given) {
        for (String side : List.of("width", "height")) {
            if (expected.path(side).asInt() != given.path(side).asInt()) {
                return "expected the " + side + " " + expected.path(side) + ", found " + given.path(side);
            }
        }
        if (given.has("classes")) {
            return classes(expected.path("classes"), given.path("classes"));
        }
        if (given.has("detections")) {
            return detections(expected.path("detections"), given.path("detections"));
        }
        if (given.has("maps")) {
            return maps(expected.path("maps"), given.path("maps"));
        }
        if (given.has("embedding")) {
            return vectors(expected.path("embedding"), given.path("embedding"));
        }
        if (given.has("heads")) {
            return heads(expected.path("heads"), given.path("heads"));
        }
        return labels(expected.path("predictions"), given.path("predictions"));
    }

    private @Nullable String classes(JsonNode expected, JsonNode given) {
        if (expected.size() != given.size()) {
            return "expected " + expected.size() + " classes, found " + given.size();
        }
        for (int i = 0; i < given.size(); i++) {
            String label = given.path(i).path("label").asString();
            if (!label.equals(expected.path(i).path("label").asString())) {
                return "expected class " + i + " to be "
                        + expected.path(i).path("label").asString() + ", found " + label;
            }
            double overlap = iou(expected.path(i).path("mask"), given.path(i).path("mask"));
            if (!(overlap >= 1 - tolerance)) {
                return String.format(
                        "expected the masks of %s to overlap by at least %.4f (IoU), found %.4f",
                        label, 1 - tolerance, overlap);
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

    /** 1 for a pixel of the mask, else 0, [height, width]; empty if it cannot be read. */
    static byte[] pixels(JsonNode mask) {
        JsonNode size = mask.path("size");
        try {
            return new CocoRle(
                            size.path(0).asInt(),
                            size.path(1).asInt(),
                            mask.path("counts").asString())
                    .pixels();
        } catch (IllegalArgumentException e) {
            return new byte[0]; // No mask is equal to it.
        }
    }

    private @Nullable String detections(JsonNode expected, JsonNode given) {
        Unmatched unmatched = unmatched(expected, given);
        if (!unmatched.expected().isEmpty()) {
            JsonNode one = unmatched.expected().get(0);
            return "expected " + one.path("label").asString() + " with score "
                    + one.path("score").asDouble() + " at " + one.path("box") + ", not found";
        }
        return unmatched.given().isEmpty()
                ? null
                : "expected " + expected.size() + " objects, found " + given.size() + ", for example "
                        + unmatched.given().get(0).path("label").asString() + " at "
                        + unmatched.given().get(0).path("box");
    }

    /** Detections of one side that the other side does not have. */
    record Unmatched(List<JsonNode> expected, List<JsonNode> given) {}

    Unmatched unmatched(JsonNode expected, JsonNode given) {
        List<JsonNode> missing = new ArrayList<>();
        List<JsonNode> left = new ArrayList<>();
        given.forEach(left::add);
        for (JsonNode one : expected) {
            JsonNode match = left.stream()
                    .filter(other -> isSame(one, other))
                    .findFirst()
                    .orElse(null);
            if (match == null) {
                missing.add(one);
            } else {
                left.remove(match);
            }
        }
        return new Unmatched(missing, left);
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

    static Box box(JsonNode box) {
        return new Box(
                box.path("x").asDouble(),
                box.path("y").asDouble(),
                box.path("width").asDouble(),
                box.path("height").asDouble());
    }

    /** The length of the difference, as a part of the length of the expected vector. */
    private @Nullable String vectors(JsonNode expected, JsonNode given) {
        if (expected.size() != given.size()) {
            return "expected an embedding of " + expected.size() + " dimensions, found " + given.size();
        }
        double length = 0;
        double difference = 0;
        for (int i = 0; i < given.size(); i++) {
            double value = expected.path(i).asDouble();
            length = Math.hypot(length, value);
            difference = Math.hypot(difference, given.path(i).asDouble() - value);
        }
        return difference <= tolerance * length
                ? null
                : String.format(
                        "expected an embedding of length %.4f, found one that differs from it by %.4f",
                        length, difference);
    }

    /** The mean difference of the pixels, as a part of the range of the expected values. */
    private @Nullable String maps(JsonNode expected, JsonNode given) {
        if (expected.size() != given.size()) {
            return "expected " + expected.size() + " maps, found " + given.size();
        }
        for (int i = 0; i < given.size(); i++) {
            String label = given.path(i).path("label").asString();
            if (!label.equals(expected.path(i).path("label").asString())) {
                return "expected map " + i + " to be "
                        + expected.path(i).path("label").asString() + ", found " + label;
            }
            double[] wanted = values(expected.path(i).path("values"));
            double[] found = values(given.path(i).path("values"));
            if (wanted.length != found.length) {
                return "expected the values of " + label
                        + " as a 16-bit PNG, as the service answers without a parameter, found "
                        + expected.path(i).path("values").path("encoding");
            }
            double sum = 0;
            for (int at = 0; at < wanted.length; at++) {
                sum += Math.abs(wanted[at] - found[at]);
            }
            double range = expected.path(i).path("maximum").asDouble()
                    - expected.path(i).path("minimum").asDouble();
            double difference = sum / wanted.length;
            if (!(difference <= tolerance * range)) {
                return String.format(
                        "expected values of %s of a range of %.4g, found some that differ by %.4g (mean of the pixels)",
                        label, range, difference);
            }
        }
        return null;
    }

    /** Of a 16-bit PNG; empty if there is none. */
    private static double[] values(JsonNode file) {
        double scale = file.path("scale").asDouble(0);
        double offset = file.path("offset").asDouble(0);
        try {
            UprightImage png = new ImageDecoder(ImageLimits.DEFAULT)
                    .decode(Base64.getDecoder().decode(file.path("data").asString("")));
            double[] values = new double[png.width() * png.height()];
            for (int i = 0; i < values.length; i++) {
                values[i] = offset + scale * png.sample(i % png.width(), i / png.width(), 0);
            }
            return values;
        } catch (FailureException | IllegalArgumentException e) {
            return new double[0];
        }
    }

    private @Nullable String heads(JsonNode expected, JsonNode given) {
        if (expected.size() != given.size()) {
            return "expected " + expected.size() + " heads, found " + given.size();
        }
        for (int i = 0; i < given.size(); i++) {
            String name = given.path(i).path("name").asString();
            String difference = !name.equals(expected.path(i).path("name").asString())
                    ? "expected the name " + expected.path(i).path("name").asString()
                    : labels(expected.path(i).path("predictions"), given.path(i).path("predictions"));
            if (difference != null) {
                return "head " + name + ": " + difference;
            }
        }
        return null;
    }

    private @Nullable String labels(JsonNode expected, JsonNode given) {
        if (expected.isEmpty()) {
            return "the expected result has no predictions";
        }
        for (JsonNode one : expected) {
            for (JsonNode other : given) {
                boolean same = one.path("label").equals(other.path("label"));
                if (same && !isNear(one.path("score"), other.path("score"))) {
                    return "expected the score of " + one.path("label").asString() + " to be "
                            + one.path("score").asDouble() + ", found "
                            + other.path("score").asDouble();
                }
            }
        }
        return expected.path(0).path("label").equals(given.path(0).path("label"))
                ? null
                : "expected the best label "
                        + expected.path(0).path("label").asString() + ", found "
                        + given.path(0).path("label").asString();
    }

    private boolean isNear(JsonNode expected, JsonNode given) {
        return Math.abs(expected.asDouble() - given.asDouble()) <= tolerance;
    }
}
