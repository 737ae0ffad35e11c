package dev.gnserve.exchange;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Converts all results of a folder, those that {@code batch} wrote. Used once. */
public final class Conversion {

    private static final String ENDING = ".json";
    private static final String PROBLEM = ".problem.json";

    private final Path from;
    private final Path to;
    private final Format format;
    private final List<String> labels;
    private final @Nullable Path images;

    /**
     * What a conversion did.
     *
     * @param images that were converted
     * @param objects of these images
     * @param failed why others could not be, by their names
     */
    public record Summary(int images, int objects, Map<String, String> failed) {}

    /**
     * A conversion from one folder to another.
     *
     * @param labels of the model, in its order; if empty, all labels of the results: those that documents list as their classes, in
     *     the order in which they come first, then the others sorted
     * @param images folder of the pictures, for the intensities of {@link Format#CSV}; null for a table without them
     */
    public Conversion(Path from, Path to, Format format, List<String> labels, @Nullable Path images) {
        this.from = from;
        this.to = to;
        this.format = format;
        this.labels = List.copyOf(labels);
        this.images = images;
    }

    /**
     * Reads every result twice: first for its labels.
     *
     * @throws IOException if the folder cannot be read, or a file cannot be written
     */
    public Summary run() throws IOException {
        List<String> names = names();
        Map<String, String> failed = new TreeMap<>();
        ResultWriter writer = format.writer(to, new Categories(labels.isEmpty() ? labelsOf(names) : labels), images);
        int objects = 0;
        for (String image : names) {
            try {
                ImageResult result = read(image);
                writer.add(result);
                objects += result.objects().size();
            } catch (IllegalArgumentException | JacksonException e) {
                failed.put(image, String.valueOf(e.getMessage()));
            }
        }
        writer.end();
        return new Summary(names.size() - failed.size(), objects, failed);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> from.relativize(file).toString().replace(File.separatorChar, '/'))
                    .filter(name -> name.endsWith(ENDING) && !name.endsWith(PROBLEM))
                    .map(name -> name.substring(0, name.length() - ENDING.length()))
                    .sorted()
                    .toList();
        }
    }

    private ImageResult read(String image) throws IOException {
        return ImageResult.of(image, JsonMapper.shared().readTree(Files.readAllBytes(from.resolve(image + ENDING))));
    }

    private List<String> labelsOf(List<String> names) throws IOException {
        Set<String> listed = new LinkedHashSet<>();
        Set<String> found = new TreeSet<>();
        for (String image : names) {
            try {
                ImageResult result = read(image);
                if (result.listsClasses()) {
                    listed.addAll(result.labels());
                }
                result.objects().forEach(object -> found.add(object.label()));
            } catch (IllegalArgumentException | JacksonException unreadable) {
                // Reported when it is converted.
            }
        }
        listed.addAll(found);
        return List.copyOf(listed);
    }
}
