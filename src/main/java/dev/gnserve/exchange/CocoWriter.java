package dev.gnserve.exchange;

import dev.gnserve.image.CocoRle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * COCO's formats (cocodataset.org, "Data format" and "Results format"). Numbers of images, categories and annotations begin at 1. A mask is a
 * compressed run-length string, and results have no box then; without one, they have a box and no segmentation.
 */
final class CocoWriter implements ResultWriter {

    private final Path folder;
    private final Categories categories;
    private final List<Object> images = new ArrayList<>();
    private final List<Object> annotations = new ArrayList<>();
    private final List<Object> results = new ArrayList<>();

    CocoWriter(Path folder, Categories categories) {
        this.folder = folder;
        this.categories = categories;
    }

    /** @throws IllegalArgumentException if a label is not among the categories; then nothing of the image is kept */
    @Override
    public void add(ImageResult result) {
        int image = images.size() + 1;
        List<Object> foundHere = new ArrayList<>();
        List<Object> annotatedHere = new ArrayList<>();
        for (FoundObject object : result.objects()) {
            FoundObject.Rectangle box = object.box();
            Map<String, Object> found = new LinkedHashMap<>();
            found.put("image_id", image);
            found.put("category_id", categories.number(object.label()) + 1);
            List<Double> bounds = List.of(box.x(), box.y(), box.width(), box.height());
            CocoRle runs = object.runs();
            if (runs != null) { // With a bbox beside it, loadRes would take the area of the box.
                found.put(
                        "segmentation", Map.of("size", List.of(runs.height(), runs.width()), "counts", runs.counts()));
            } else {
                found.put("bbox", bounds);
            }
            found.put("score", object.score());
            foundHere.add(found);
            Map<String, Object> annotation = new LinkedHashMap<>(found);
            annotation.put("bbox", bounds);
            annotation.put("id", annotations.size() + foundHere.size());
            annotation.put("area", object.area());
            annotation.put("iscrowd", 0);
            annotatedHere.add(annotation);
        }
        images.add(
                Map.of("id", image, "file_name", result.image(), "width", result.width(), "height", result.height()));
        results.addAll(foundHere);
        annotations.addAll(annotatedHere);
    }

    @Override
    public void end() throws IOException {
        List<Object> known = new ArrayList<>();
        for (String label : categories.labels()) {
            known.add(Map.of("id", known.size() + 1, "name", label));
        }
        JsonMapper mapper = JsonMapper.shared();
        Output.write(folder, "results.json", mapper.writeValueAsBytes(results));
        Output.write(
                folder,
                "dataset.json",
                mapper.writeValueAsBytes(Map.of("images", images, "categories", known, "annotations", annotations)));
    }
}
