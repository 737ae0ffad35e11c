package dev.gnserve.exchange;

import dev.gnserve.image.CocoRle;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * The objects of one image, from its JSON document.
 *
 * @param image relative path of the image
 * @param width of the upright image, in pixels
 * @param height of the upright image, in pixels
 * @param labels of the model, in its order, or else those of the objects
 * @param listsClasses whether the document lists the labels of the model
 */
record ImageResult(
        String image, int width, int height, List<String> labels, boolean listsClasses, List<FoundObject> objects) {

    /**
     * Reads a document of segmentation or detection.
     *
     * @throws IllegalArgumentException for another document, or if its masks are not run-length strings; the message says so
     */
    static ImageResult of(String image, JsonNode document) {
        JsonNode one = document.path("images").path(0);
        boolean detects = one.path("detections").isArray();
        JsonNode objects = one.path(detects ? "detections" : "objects");
        if (!objects.isArray()) {
            throw new IllegalArgumentException(
                    "it has neither objects nor detections; results of segmentation and detection are converted");
        }
        List<FoundObject> found = new ArrayList<>();
        for (JsonNode object : objects) {
            found.add(object(object, found.size() + 1));
        }
        List<String> labels = new ArrayList<>();
        for (JsonNode known : one.path("classes")) {
            labels.add(known.path("label").asString());
        }
        boolean listsClasses = !labels.isEmpty();
        if (!listsClasses) {
            found.stream().map(FoundObject::label).distinct().forEach(labels::add);
        }
        return new ImageResult(
                image, one.path("width").asInt(), one.path("height").asInt(), labels, listsClasses, found);
    }

    private static FoundObject object(JsonNode object, int number) {
        JsonNode mask = object.path("mask");
        CocoRle pixels = null;
        if (mask.isObject()) {
            if (!mask.path("encoding").asString().equals("coco-rle")) {
                throw new IllegalArgumentException("its masks are written as " + mask.path("encoding")
                        + "; those of batch, coco-rle, are converted");
            }
            JsonNode size = mask.path("size");
            pixels = new CocoRle(
                    size.path(0).asInt(),
                    size.path(1).asInt(),
                    mask.path("counts").asString());
        }
        JsonNode box = object.path("box");
        return new FoundObject(
                object.path("id").asInt(number),
                object.path("label").asString(),
                object.path("score").asDouble(),
                new FoundObject.Rectangle(
                        box.path("x").asDouble(),
                        box.path("y").asDouble(),
                        box.path("width").asDouble(),
                        box.path("height").asDouble()),
                pixels == null ? null : ObjectPixels.of(pixels),
                pixels);
    }
}
