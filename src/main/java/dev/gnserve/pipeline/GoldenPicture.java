package dev.gnserve.pipeline;

import dev.gnserve.image.Box;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.Overlay;
import dev.gnserve.image.UprightImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Draws where a result differs from the expected one. */
final class GoldenPicture {

    /** The colours of the palette for what is missing, and for what is there and was not expected. */
    private static final int MISSING = 1;

    private static final int UNEXPECTED = 2;

    private GoldenPicture() {}

    /**
     * A PNG of the image. Pixels and boxes that are only in one result are drawn, those of the expected result in one colour and those
     * of the given one in another.
     *
     * @return null for results without a place in the image, such as labels and embeddings
     */
    static byte @Nullable [] of(UprightImage image, JsonNode expected, JsonNode given, GoldenComparison comparison) {
        if (given.has("classes")) {
            return ofMasks(image, expected.path("classes"), given.path("classes"));
        }
        if (given.has("detections")) {
            return ofBoxes(image, comparison.unmatched(expected.path("detections"), given.path("detections")));
        }
        return null;
    }

    private static byte[] ofMasks(UprightImage image, JsonNode expected, JsonNode given) {
        byte[] difference = new byte[image.width() * image.height()];
        for (int label = 0; label < Math.max(expected.size(), given.size()); label++) {
            byte[] one = GoldenComparison.pixels(expected.path(label).path("mask"));
            byte[] other = GoldenComparison.pixels(given.path(label).path("mask"));
            for (int i = 0; i < difference.length; i++) {
                boolean wanted = i < one.length && one[i] != 0;
                boolean found = i < other.length && other[i] != 0;
                if (wanted != found) {
                    difference[i] = (byte) (wanted ? MISSING : UNEXPECTED);
                }
            }
        }
        Overlay overlay = new Overlay(image);
        overlay.drawClasses(LabelMap.of(image.width(), image.height(), difference));
        return overlay.toPng();
    }

    private static byte[] ofBoxes(UprightImage image, GoldenComparison.Unmatched unmatched) {
        List<Overlay.Annotation> boxes = new ArrayList<>();
        unmatched.expected().forEach(one -> boxes.add(annotation("expected", one, MISSING)));
        unmatched.given().forEach(one -> boxes.add(annotation("found", one, UNEXPECTED)));
        Overlay overlay = new Overlay(image);
        overlay.drawBoxes(boxes);
        return overlay.toPng();
    }

    private static Overlay.Annotation annotation(String side, JsonNode detection, int color) {
        Box box = GoldenComparison.box(detection.path("box"));
        String text = String.format(
                Locale.ROOT,
                "%s %s %.2f",
                side,
                detection.path("label").asString(),
                detection.path("score").asDouble());
        return new Overlay.Annotation(box, text, color - 1);
    }
}
