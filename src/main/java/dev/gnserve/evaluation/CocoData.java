package dev.gnserve.evaluation;

import dev.gnserve.image.Box;
import dev.gnserve.image.CocoRle;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Images with true boxes from a COCO dataset file ({@code images}, {@code annotations}, {@code categories}). Each category is the label of
 * the model that has its name. Immutable.
 *
 * @param images in the order of their ids
 * @param categoryOfLabel id of the category of each label of the model that has one
 */
record CocoData(List<LabelledImage> images, Map<Integer, Long> categoryOfLabel) {

    /**
     * Reads a dataset file.
     *
     * @param folder of the images
     * @param labels of the model
     * @param withPixels whether the outlines of the objects are read ({@code segmentation}), or only their boxes
     * @throws IllegalArgumentException if it is no dataset of boxes, if a category with annotations is no label of the model, or if
     *     an image is missing
     */
    static CocoData read(Path file, Path folder, List<String> labels, boolean withPixels) throws IOException {
        JsonNode root;
        try {
            root = JsonMapper.shared().readTree(Files.readString(file));
        } catch (JacksonException e) {
            throw new IllegalArgumentException(file + " is not JSON: " + e.getOriginalMessage(), e);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(file + " is not UTF-8; save it as UTF-8", e);
        }
        try {
            return read(root, file, folder, labels, withPixels);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(file + " is no COCO dataset file: " + e.getOriginalMessage(), e);
        }
    }

    private static CocoData read(JsonNode root, Path file, Path folder, List<String> labels, boolean withPixels) {
        for (String section : List.of("images", "annotations", "categories")) {
            if (!root.path(section).isArray()) {
                throw new IllegalArgumentException(file + " has no list \"" + section
                        + "\", as a COCO dataset file has. A file of results is not one");
            }
        }
        Map<Long, String> names = new LinkedHashMap<>();
        root.path("categories")
                .forEach(category -> names.put(
                        id(category, "id", file), category.path("name").asString("")));
        Map<Long, List<LabelledBox>> boxes = new LinkedHashMap<>();
        Map<Integer, Long> categoryOfLabel = new TreeMap<>();
        names.forEach((id, name) -> {
            if (labels.contains(name)) {
                categoryOfLabel.put(labels.indexOf(name), id);
            }
        });
        Map<Long, JsonNode> imageOfId = new HashMap<>();
        root.path("images").forEach(image -> imageOfId.put(id(image, "id", file), image));
        for (JsonNode annotation : root.path("annotations")) {
            String name = names.getOrDefault(id(annotation, "category_id", file), "");
            int label = labels.indexOf(name);
            if (label < 0) {
                throw new IllegalArgumentException(
                        "annotation %s of %s has the category \"%s\", and the model has the labels %s. Give the category the name of its label"
                                .formatted(annotation.path("id"), file, name, labels));
            }
            long image = id(annotation, "image_id", file);
            JsonNode size = imageOfId.get(image);
            Pixels pixels = withPixels && size != null ? pixels(annotation, size, file) : null;
            boxes.computeIfAbsent(image, first -> new ArrayList<>()).add(box(annotation, label, pixels, file));
        }
        List<LabelledImage> images = new ArrayList<>();
        for (JsonNode image : root.path("images")) {
            Path path = folder.resolve(image.path("file_name").asString(""));
            if (!Files.isRegularFile(path)) {
                throw new IllegalArgumentException(
                        path + " is not there; " + file + " names it. Say with --images where the images are");
            }
            long id = id(image, "id", file);
            images.add(new LabelledImage(
                    id,
                    path,
                    image.path("width").asInt(0),
                    image.path("height").asInt(0),
                    boxes.getOrDefault(id, List.of())));
        }
        images.sort(Comparator.comparingLong(LabelledImage::id));
        return new CocoData(List.copyOf(images), Map.copyOf(categoryOfLabel));
    }

    private static long id(JsonNode owner, String field, Path file) {
        JsonNode id = owner.path(field);
        if (!id.isNumber() || !id.canConvertToExactIntegral() || !id.canConvertToLong()) {
            throw new IllegalArgumentException("%s has %s in %s; allowed is a whole number"
                    .formatted(
                            owner.toString()
                                    .substring(0, Math.min(100, owner.toString().length())),
                            id.isMissingNode() ? "no " + field : "the " + field + " " + id,
                            file));
        }
        return id.asLong();
    }

    /** A number or, as some tools write it, true or false. */
    private static boolean isCrowd(JsonNode annotation, Path file) {
        JsonNode crowd = annotation.path("iscrowd");
        if (!crowd.isMissingNode() && !crowd.isNull() && !crowd.isBoolean() && !crowd.isIntegralNumber()) {
            throw new IllegalArgumentException("annotation %s of %s has the iscrowd %s; allowed are 0 and 1"
                    .formatted(annotation.path("id"), file, crowd));
        }
        return crowd.isBoolean() ? crowd.asBoolean() : crowd.asInt(0) != 0;
    }

    private static LabelledBox box(JsonNode annotation, int label, @Nullable Pixels pixels, Path file) {
        boolean crowd = isCrowd(annotation, file);
        JsonNode corners = annotation.path("bbox");
        if (pixels != null) {
            double area = annotation.path("area").asDouble(pixels.area());
            return new LabelledBox(label, pixels.box(), crowd, area, pixels);
        }
        if (corners.size() != 4) {
            throw new IllegalArgumentException(
                    "annotation " + annotation.path("id") + " of " + file + " has no bbox [x, y, width, height]");
        }
        Box box = new Box(
                corners.path(0).asDouble(),
                corners.path(1).asDouble(),
                corners.path(2).asDouble(),
                corners.path(3).asDouble());
        double area = annotation.path("area").asDouble(box.width() * box.height());
        return new LabelledBox(label, box, crowd, area, null);
    }

    /** Of polygons, or of runs as a string or as a list. */
    private static Pixels pixels(JsonNode annotation, JsonNode image, Path file) {
        JsonNode outline = annotation.path("segmentation");
        int width = image.path("width").asInt();
        int height = image.path("height").asInt();
        String which = "annotation " + annotation.path("id") + " of " + file;
        if (width <= 0 || height <= 0) {
            throw new IllegalArgumentException(
                    "image " + image.path("id") + " of " + file + " has no width and height, which its outlines need");
        }
        if (outline.isArray() && !outline.isEmpty()) {
            List<double[]> polygons = new ArrayList<>();
            for (JsonNode polygon : outline) {
                polygons.add(
                        polygon.valueStream().mapToDouble(JsonNode::asDouble).toArray());
            }
            return Pixels.ofPolygons(polygons, width, height);
        }
        JsonNode counts = outline.path("counts");
        if (outline.path("size").path(0).asInt() != height
                || outline.path("size").path(1).asInt() != width) {
            throw new IllegalArgumentException(
                    which + " has no segmentation of its image (polygons, or runs with the size [" + height + ", "
                            + width + "])");
        }
        try {
            return counts.isArray()
                    ? Pixels.ofRuns(
                            counts.valueStream().mapToInt(JsonNode::asInt).toArray(), width, height)
                    : Pixels.of(new CocoRle(height, width, counts.asString("")));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "the segmentation of " + which + " cannot be read: " + e.getMessage(), e);
        }
    }
}
