package dev.gnserve.exchange;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Text of Ultralytics' YOLO: for each object its class from 0, and centre, width and height of its box as fractions of the image. The name
 * of the file is that of the image with another ending, so that two images can ask for the same file: the second one is refused.
 */
final class YoloWriter implements ResultWriter {

    private static final String CLASSES = "classes.txt";

    private final Path folder;
    private final Categories categories;
    private final Map<String, String> ownerOfFile = new HashMap<>(Map.of(CLASSES, "the list of classes"));

    YoloWriter(Path folder, Categories categories) {
        this.folder = folder;
        this.categories = categories;
    }

    /** @throws IllegalArgumentException if another image has the file, or a label is not among the categories */
    @Override
    public void add(ImageResult result) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (FoundObject object : result.objects()) {
            FoundObject.Rectangle box = object.box();
            lines.append(String.format(
                    Locale.ROOT,
                    "%d %.6f %.6f %.6f %.6f%n",
                    categories.number(object.label()),
                    (box.x() + box.width() / 2) / result.width(),
                    (box.y() + box.height() / 2) / result.height(),
                    box.width() / result.width(),
                    box.height() / result.height()));
        }
        String name = withoutEnding(result.image()) + ".txt";
        String owner = ownerOfFile.putIfAbsent(name, result.image());
        if (owner != null) {
            throw new IllegalArgumentException(
                    "its file would be %s, which is that of %s; a file of YOLO has the name of its image without the ending, so give one of them another name"
                            .formatted(name, owner));
        }
        Output.write(folder, name, lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Up to the last dot of the file name; dots of folders do not count. */
    private static String withoutEnding(String image) {
        int dot = image.lastIndexOf('.');
        return dot > image.lastIndexOf('/') ? image.substring(0, dot) : image;
    }

    @Override
    public void end() throws IOException {
        String names = String.join("\n", categories.labels()) + "\n";
        Output.write(folder, CLASSES, names.getBytes(StandardCharsets.UTF_8));
    }
}
