package dev.gnserve.backend.djl;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import ai.djl.util.Platform;
import ai.djl.util.Utils;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Unpacks the native libraries of the engine from the jar into DJL's cache folder, before DJL does. DJL loads what it finds there. This
 * class also replaces files of a wrong size, which an interrupted start or a full disk leaves, and deletes leftovers. It passes over a cache
 * folder that other users can write to, and unpacks into a private one, which {@link #deleteTemporary} deletes when they are loaded.
 */
final class EngineLibraries {

    private static final System.Logger LOG = System.getLogger(EngineLibraries.class.getName());

    /** Read by DJL from the environment or, if it is not there, from the system properties. */
    private static final String CACHE_VARIABLE = "ENGINE_CACHE_DIR";

    private static final String ENGINE = "pytorch";
    private static final String PRIVATE = "gnserve-libraries-";
    private static final String LOCK = ".gnserve-lock";
    private static final String PART = ".gnserve-part";

    /** Younger folders may belong to a process that unpacks now. */
    private static final Duration OLD = Duration.ofMinutes(10);

    private final @Nullable Path temporary;

    private EngineLibraries(@Nullable Path temporary) {
        this.temporary = temporary;
    }

    /**
     * A library in the jar.
     *
     * @param file its name in the cache folder
     * @param bytes its size; negative if unknown
     */
    record Library(String file, long bytes, Source source) {

        @FunctionalInterface
        interface Source {
            InputStream open() throws IOException;
        }

        static Library of(String file, String resource) throws IOException {
            URL url = EngineLibraries.class.getClassLoader().getResource(resource);
            if (url == null) {
                throw new IOException(resource + " is not in the jar");
            }
            return new Library(file, url.openConnection().getContentLengthLong(), url::openStream);
        }

        boolean isIn(Path folder) {
            try {
                long size = Files.size(folder.resolve(file));
                return bytes < 0 || size == bytes;
            } catch (IOException e) {
                return false;
            }
        }
    }

    /**
     * Prepares the cache folder for DJL.
     *
     * @throws IOException if they cannot be unpacked
     */
    static EngineLibraries prepare() throws IOException {
        Platform platform = Platform.detectPlatform(ENGINE);
        if (platform.isPlaceholder() || isSet("PYTORCH_LIBRARY_PATH") || isSet("PYTORCH_VERSION")) {
            return new EngineLibraries(null); // They are not in the jar, or not used. DJL reports what is missing.
        }
        deleteLeftovers(Path.of(System.getProperty("java.io.tmpdir")), PRIVATE);
        Path cache = Utils.getEngineCacheDir(ENGINE);
        String distrust = FolderTrust.objection(cache);
        Path temporary = null;
        if (distrust != null) {
            temporary = makeTemporary(cache, distrust);
            cache = Utils.getEngineCacheDir(ENGINE);
        }
        EngineLibraries libraries = new EngineLibraries(temporary);
        try {
            String build = platform.getVersion() + "-" + platform.getFlavor() + "-" + platform.getClassifier();
            unpack(inJar(platform), cache, build);
            String files = FolderTrust.objection(cache.resolve(build));
            if (files != null) {
                throw new IOException(files);
            }
            return libraries;
        } catch (IOException e) {
            libraries.deleteTemporary();
            throw new IOException("the libraries cannot be unpacked into " + cache, e);
        }
    }

    private static boolean isSet(String variable) {
        String value = System.getenv(variable);
        return value != null && !value.isEmpty();
    }

    private static Path makeTemporary(Path cache, String distrust) throws IOException {
        if (isSet(CACHE_VARIABLE)) {
            throw new IOException(distrust + "; name another folder in " + CACHE_VARIABLE);
        }
        Path temporary;
        try {
            temporary = Files.createTempDirectory(PRIVATE); // For its owner only.
        } catch (IOException e) {
            throw new IOException(distrust + ", and no private folder can be made", e);
        }
        LOG.log(
                WARNING,
                () -> "The cache folder " + cache + " is not used: " + distrust + ". The libraries of the engine are"
                        + " unpacked into " + temporary
                        + ", at each start. Name a folder of this user in DJL_CACHE_DIR");
        System.setProperty(CACHE_VARIABLE, temporary.toString());
        return temporary;
    }

    private static List<Library> inJar(Platform platform) throws IOException {
        String classifier = platform.getClassifier();
        String jni = System.mapLibraryName("djl_torch");
        List<Library> libraries = new ArrayList<>();
        libraries.add(Library.of(
                platform.getApiVersion() + "-" + jni, "jnilib/" + classifier + "/" + platform.getFlavor() + "/" + jni));
        // DJL takes a folder with this one for complete: it must be the last.
        String last = System.mapLibraryName("torch");
        List<String> files = Arrays.stream(platform.getLibraries())
                .sorted(Comparator.comparing(last::equals))
                .toList();
        for (String file : files) {
            libraries.add(Library.of(file, "pytorch/" + platform.getFlavor() + "/" + classifier + "/" + file));
        }
        return libraries;
    }

    /** Unpacks what is missing or has another size. Processes that start at the same time do this one after the other. */
    static synchronized void unpack(List<Library> libraries, Path cache, String build) throws IOException {
        Path folder = cache.resolve(build);
        deleteLeftovers(cache, "tmp");
        if (libraries.stream().allMatch(library -> library.isIn(folder))) {
            return;
        }
        Files.createDirectories(folder);
        try (FileChannel file =
                FileChannel.open(cache.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            FileLock unused = file.lock(); // Until the file is closed.
            deleteFiles(folder, "jni*tmp");
            for (Library library : libraries) {
                if (!library.isIn(folder)) {
                    unpack(library, folder, cache.resolve(PART));
                }
            }
        }
    }

    private static void unpack(Library library, Path folder, Path part) throws IOException {
        Path file = folder.resolve(library.file());
        if (Files.exists(file)) {
            long size = Files.size(file);
            LOG.log(
                    WARNING,
                    () -> file + " has " + size + " bytes, but in the jar it has " + library.bytes()
                            + "; it is unpacked again");
        } else {
            LOG.log(INFO, () -> "Unpacking " + file + ", " + library.bytes() + " bytes");
        }
        try (InputStream in = library.source().open()) {
            Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** Deletes old folders of this user with this beginning of a name, which a killed process has left. */
    static void deleteLeftovers(Path parent, String beginning) {
        try (Stream<Path> children = Files.list(parent)) {
            children.filter(child -> child.getFileName().toString().startsWith(beginning) && isLeftover(child))
                    .forEach(child -> {
                        LOG.log(INFO, () -> "Deleting " + child + ", which an interrupted start has left");
                        Utils.deleteQuietly(child);
                    });
        } catch (IOException | UncheckedIOException e) {
            LOG.log(DEBUG, () -> parent + " cannot be searched for leftovers: " + e);
        }
    }

    /** Whether it is a folder of this user, and neither it nor a file in it has been written to for a while. */
    private static boolean isLeftover(Path child) {
        if (!Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        FileTime old = FileTime.from(Instant.now().minus(OLD));
        try (Stream<Path> files = Files.list(child)) {
            for (Path file : Stream.concat(Stream.of(child), files).toList()) {
                if (Files.getLastModifiedTime(file).compareTo(old) > 0) {
                    return false;
                }
            }
            return FolderTrust.objection(child) == null;
        } catch (IOException e) {
            return false;
        }
    }

    private static void deleteFiles(Path folder, String pattern) throws IOException {
        try (var files = Files.newDirectoryStream(folder, pattern)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }

    /** Deletes the private folder, if there is one. The system keeps what it has loaded from it. */
    void deleteTemporary() {
        if (temporary != null) {
            Utils.deleteQuietly(temporary);
        }
    }
}
