package dev.gnserve.bulk;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Lists the images in a folder and the folders below it. */
final class ImageFiles {

    private static final Set<String> ENDINGS = Set.of("png", "jpg", "jpeg", "bmp", "gif", "tif", "tiff", "webp");

    private ImageFiles() {}

    /**
     * The files with the ending of an image, as sorted paths relative to the folder, with {@code /} between names. Leaves out hidden
     * files and folders.
     */
    static List<String> in(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            return all.filter(Files::isRegularFile)
                    .map(folder::relativize)
                    .map(path -> path.toString().replace('\\', '/'))
                    .filter(name -> !name.startsWith(".") && !name.contains("/."))
                    .filter(name -> ENDINGS.contains(
                            name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT)))
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw new IOException(folder + " cannot be read completely: " + e, e);
        }
    }
}
