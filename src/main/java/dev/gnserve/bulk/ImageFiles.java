package dev.gnserve.bulk;

import dev.gnserve.image.ImageDecoder;
import dev.gnserve.process.NameEncoding;
import dev.gnserve.volume.VolumeFile;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * The images or volumes in a folder and the folders below it.
 *
 * @param names of files with the ending of an image, and of files without an ending that begin as one; or of files with the ending of a volume and folders of Zarr; as sorted paths relative to the folder, with {@code /} between names
 * @param unreadable why, by their names, for folders that cannot be listed and images whose names cannot be expressed
 * @param passedOver how many other files there are, by their ending in lower case, with its dot; empty for those without one
 */
record ImageFiles(List<String> names, Map<String, String> unreadable, Map<String, Integer> passedOver) {

    private static final Set<String> ENDINGS =
            Set.of("png", "jpg", "jpeg", "jpe", "jfif", "bmp", "gif", "tif", "tiff", "webp", "npy");

    /**
     * Lists a folder. Leaves out hidden files and folders.
     *
     * @param volumes whether volumes are wanted and not images
     * @throws IOException if the folder itself cannot be listed
     */
    static ImageFiles in(Path folder, boolean volumes) throws IOException {
        List<String> names = new ArrayList<>();
        Map<String, String> unreadable = new TreeMap<>();
        Map<String, Integer> passedOver = new TreeMap<>();
        Files.walkFileTree(
                folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(Path child, BasicFileAttributes attributes) {
                        if (!child.equals(folder) && isHidden(child)) {
                            return FileVisitResult.SKIP_SUBTREE;
                        }
                        if (volumes && !child.equals(folder) && VolumeFile.isFolder(child)) {
                            add(child);
                            return FileVisitResult.SKIP_SUBTREE;
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        if (!attributes.isRegularFile() || isHidden(file)) {
                            return FileVisitResult.CONTINUE;
                        }
                        try {
                            if (volumes ? !isVolume(file) : !isImage(file)) {
                                passedOver.merge(ending(file), 1, Integer::sum);
                                return FileVisitResult.CONTINUE;
                            }
                        } catch (IOException e) {
                            return failed(file, e);
                        }
                        add(file);
                        return FileVisitResult.CONTINUE;
                    }

                    private void add(Path child) {
                        String name = name(folder, child);
                        if (isExpressible(child)) {
                            names.add(name);
                        } else {
                            unreadable.put(
                                    name, Objects.requireNonNullElse(NameEncoding.flaw(), "The name is not valid"));
                        }
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path child, IOException e) throws IOException {
                        if (child.equals(folder)) {
                            throw new IOException(folder + " cannot be read: " + e, e);
                        }
                        return failed(child, e);
                    }

                    private FileVisitResult failed(Path child, IOException e) {
                        if (!isHidden(child)) {
                            unreadable.put(name(folder, child), "cannot be read: " + e);
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path child, IOException e) {
                        if (e != null) {
                            unreadable.put(name(folder, child) + "/", "cannot be read completely: " + e);
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
        return new ImageFiles(names.stream().sorted().toList(), unreadable, passedOver);
    }

    private static String name(Path folder, Path file) {
        return folder.relativize(file).toString().replace(File.separatorChar, '/');
    }

    private static boolean isHidden(Path file) {
        return file.getFileName().toString().startsWith(".");
    }

    private static boolean isVolume(Path file) {
        return VolumeFile.isNamed(file.getFileName().toString());
    }

    private static String ending(Path file) {
        String name = file.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "" : name.substring(dot).toLowerCase(Locale.ROOT);
    }

    /** By its ending; a file without one by its first bytes, as exports of other programs often have none. */
    private static boolean isImage(Path file) throws IOException {
        String ending = ending(file);
        if (!ending.isEmpty()) {
            return ENDINGS.contains(ending.substring(1));
        }
        try (InputStream in = Files.newInputStream(file)) {
            return ImageDecoder.isImage(in.readNBytes(ImageDecoder.HEAD));
        }
    }

    /** Whether the text of the name leads to the file. Otherwise the locale, or the name itself, is wrong. */
    private static boolean isExpressible(Path file) {
        try {
            return Path.of(file.toString()).equals(file);
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
