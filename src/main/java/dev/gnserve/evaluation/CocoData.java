package dev.gnserve.evaluation;

import dev.gnserve.image.Box;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
     * @throws IllegalArgumentException if it is no dataset of boxes, if a category with annotations is no label of the model, or if
     *     an image is missing
     */
    static CocoData read(Path file, Path folder, List<String> labels) throws IOException {
        JsonNode root;
        try {
            root = JsonMapper.shared().readTree(Files.readString(file));
        } catch (JacksonException e) {
            throw new IllegalArgumentException(file + " is not JSON: " + e.getOriginalMessage(), e);
        }
        for (String section : List.of("images", "annotations", "categories")) {
            if (!root.path(section).isArray()) {
                throw new IllegalArgumentException(file + " has no list \"" + section
                        + "\", as a COCO dataset file has. A file of results is not one");
            }
        }
        Map<Long, String> names = new LinkedHashMap<>();
        root.path("categories")
                .forEach(category -> names.put(
                        category.path("id").asLong(), category.path("name").asString("")));
        Map<Long, List<LabelledBox>> boxes = new LinkedHashMap<>();
        Map<Integer, Long> categoryOfLabel = new TreeMap<>();
        names.forEach((id, name) -> {
            if (labels.contains(name)) {
                categoryOfLabel.put(labels.indexOf(name), id);
            }
        });
        for (JsonNode annotation : root.path("annotations")) {
            String name = names.getOrDefault(annotation.path("category_id").asLong(), "");
            int label = labels.indexOf(name);
            if (label < 0) {
                throw new IllegalArgumentException(
                        "annotation %s of %s has the category \"%s\", and the model has the labels %s. Give the category the name of its label"
                                .formatted(annotation.path("id"), file, name, labels));
            }
            boxes.computeIfAbsent(annotation.path("image_id").asLong(), image -> new ArrayList<>())
                    .add(box(annotation, label, file));
        }
        List<LabelledImage> images = new ArrayList<>();
        for (JsonNode image : root.path("images")) {
            Path path = folder.resolve(image.path("file_name").asString(""));
            if (!Files.isRegularFile(path)) {
                throw new IllegalArgumentException(
                        path + " is not there; " + file + " names it. Say with --images where the images are");
            }
            long id = image.path("id").asLong();
            images.add(new LabelledImage(id, path, boxes.getOrDefault(id, List.of())));
        }
        images.sort(Comparator.comparingLong(LabelledImage::id));
        return new CocoData(List.copyOf(images), Map.copyOf(categoryOfLabel));
    }

    private static LabelledBox box(JsonNode annotation, int label, Path file) {
        JsonNode corners = annotation.path("bbox");
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
        return new LabelledBox(label, box, annotation.path("iscrowd").asInt(0) != 0, area);
    }
}
