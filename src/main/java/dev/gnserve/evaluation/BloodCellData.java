package dev.gnserve.evaluation;

import dev.gnserve.image.Box;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A folder of blood smears: {@code images/}, {@code annotations_relabelled.json} (COCO boxes), {@code split.json} (file names by split) and {@code
 * quality.json} (which photographs show the same place on the slide).
 *
 * <p>Only images with complete boxes are used: the other annotations leave out half of the red cells.
 */
public final class BloodCellData {

    /** Labels of the categories 1, 2, 3. */
    public static final List<String> LABELS = List.of("RBC", "WBC", "Platelets");

    private final Path folder;
    private final JsonNode splits;
    private final Map<String, List<LabelledBox>> boxesOfFile;
    private final Map<String, Set<String>> overlapping;

    private BloodCellData(
            Path folder,
            JsonNode splits,
            Map<String, List<LabelledBox>> boxesOfFile,
            Map<String, Set<String>> overlapping) {
        this.folder = folder;
        this.splits = splits;
        this.boxesOfFile = boxesOfFile;
        this.overlapping = overlapping;
    }

    public static BloodCellData open(Path folder) throws IOException {
        JsonNode coco = read(folder.resolve("annotations_relabelled.json"));
        Map<Integer, String> fileOfId = new LinkedHashMap<>();
        Map<String, List<LabelledBox>> boxesOfFile = new LinkedHashMap<>();
        for (JsonNode image : coco.get("images")) {
            fileOfId.put(image.get("id").asInt(), image.get("file_name").asString());
            boxesOfFile.put(image.get("file_name").asString(), new ArrayList<>());
        }
        for (JsonNode annotation : coco.get("annotations")) {
            JsonNode box = annotation.get("bbox");
            String file = String.valueOf(fileOfId.get(annotation.get("image_id").asInt()));
            List<LabelledBox> boxes = boxesOfFile.get(file);
            if (boxes == null) {
                throw new IOException("annotation " + annotation.get("id") + " belongs to no image");
            }
            boxes.add(new LabelledBox(
                    annotation.get("category_id").asInt() - 1,
                    new Box(
                            box.get(0).asDouble(),
                            box.get(1).asDouble(),
                            box.get(2).asDouble(),
                            box.get(3).asDouble())));
        }
        return new BloodCellData(
                folder,
                read(folder.resolve("split.json")),
                boxesOfFile,
                overlaps(read(folder.resolve("quality.json"))));
    }

    private static JsonNode read(Path file) throws IOException {
        return JsonMapper.shared().readTree(Files.readString(file));
    }

    private static Map<String, Set<String>> overlaps(JsonNode quality) {
        Map<String, Set<String>> overlapping = new LinkedHashMap<>();
        for (JsonNode pair : quality.get("overlapping_pairs")) {
            String a = pair.get("a").asString();
            String b = pair.get("b").asString();
            overlapping.computeIfAbsent(a, file -> new TreeSet<>()).add(b);
            overlapping.computeIfAbsent(b, file -> new TreeSet<>()).add(a);
        }
        return overlapping;
    }

    /** Files to learn from: {@code train} without what shows the same place as an image of {@code test}; or all but a fold. */
    public List<String> training(Fold fold) {
        if (!fold.isNone()) {
            Set<String> held = new HashSet<>(testing(fold));
            return boxesOfFile.keySet().stream()
                    .filter(file -> !held.contains(file))
                    .toList();
        }
        Set<String> test = new HashSet<>(all("test"));
        return complete("train").stream()
                .filter(file -> overlapsOf(file).stream().noneMatch(test::contains))
                .toList();
    }

    /**
     * Files of a split with complete boxes: {@code train}, {@code val}, {@code test-all}, or {@code test}, which is without what shows a place of
     * {@code train} or {@code val}. Nothing of {@code test-all} shows a place that was learnt from either, see {@link #training}.
     */
    public List<String> files(String split) {
        if (split.equals("test-all")) {
            return complete("test");
        }
        if (!split.equals("test")) {
            return complete(split);
        }
        Set<String> seen = new HashSet<>(all("train"));
        seen.addAll(all("val"));
        return complete(split).stream()
                .filter(file -> overlapsOf(file).stream().noneMatch(seen::contains))
                .toList();
    }

    /** Files of one fold of all images with complete boxes. Photographs of the same place are always in the same fold. */
    public List<String> testing(Fold fold) {
        List<String> held = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        int place = 0;
        for (String file : boxesOfFile.keySet()) {
            if (seen.contains(file)) {
                continue;
            }
            Set<String> group = new TreeSet<>();
            collect(file, group);
            seen.addAll(group);
            if (place++ % fold.count() == fold.index() - 1) {
                held.addAll(group.stream().filter(boxesOfFile::containsKey).toList());
            }
        }
        return held;
    }

    private void collect(String file, Set<String> group) {
        if (group.add(file)) {
            overlapsOf(file).forEach(other -> collect(other, group));
        }
    }

    private Set<String> overlapsOf(String file) {
        return overlapping.getOrDefault(file, Set.of());
    }

    private List<String> complete(String split) {
        return all(split).stream().filter(boxesOfFile::containsKey).toList();
    }

    private List<String> all(String split) {
        JsonNode names = splits.get(split);
        if (names == null) {
            throw new IllegalArgumentException(
                    "no split " + split + " in " + folder + ", only " + Set.copyOf(splits.propertyNames()));
        }
        return names.valueStream().map(JsonNode::asString).toList();
    }

    public Path imageOf(String file) {
        return folder.resolve("images").resolve(file);
    }

    public List<LabelledBox> boxesOf(String file) {
        return boxesOfFile.getOrDefault(file, List.of());
    }
}
