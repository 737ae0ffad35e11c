package dev.gnserve.exchange;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Text of Ultralytics' YOLO: for each object its class from 0, and centre, width and height of its box as fractions of the image. The name
 * of the file is that of the image with another ending.
 */
final class YoloWriter implements ResultWriter {

    private final Path folder;
    private final Categories categories;

    YoloWriter(Path folder, Categories categories) {
        this.folder = folder;
        this.categories = categories;
    }

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
        String image = result.image();
        String name = image.substring(0, image.lastIndexOf('.')) + ".txt";
        Output.write(folder, name, lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void end() throws IOException {
        String names = String.join("\n", categories.labels()) + "\n";
        Output.write(folder, "classes.txt", names.getBytes(StandardCharsets.UTF_8));
    }
}
