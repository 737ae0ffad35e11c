package dev.gnserve.bundle;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLParser;

/** The files of a package: a folder, or a zip file. Nothing is fetched, and nothing outside of the package is read. */
final class PackageFiles implements AutoCloseable {

    /** An array of Java has no more. */
    private static final long LARGEST = Integer.MAX_VALUE - 8L;

    private static final int DEEPEST = 6;
    private static final int DEEPEST_TREE = 40;

    private final Path place;
    private final @Nullable ZipFile zip;
    private final List<String> names;

    private PackageFiles(Path place, @Nullable ZipFile zip, List<String> names) {
        this.place = place;
        this.zip = zip;
        this.names = names;
    }

    /** Null if the path is neither a folder nor a zip file. */
    static @Nullable PackageFiles open(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            try (Stream<Path> files = Files.walk(path, DEEPEST)) {
                return new PackageFiles(
                        path,
                        null,
                        files.filter(Files::isRegularFile)
                                .map(file -> path.relativize(file).toString().replace(File.separatorChar, '/'))
                                .toList());
            }
        }
        try {
            ZipFile zip = new ZipFile(path.toFile());
            return new PackageFiles(
                    path, zip, zip.stream().map(ZipEntry::getName).toList());
        } catch (ZipException e) {
            return null;
        }
    }

    /** The name of the file with this ending that is nearest to the root. */
    Optional<String> find(String ending) {
        return names.stream()
                .filter(name -> name.equals(ending) || name.endsWith("/" + ending))
                .min((one, other) -> Integer.compare(one.length(), other.length()));
    }

    /**
     * The content of a file in YAML or, as its name ends, in JSON.
     *
     * @throws RefusedPackageException if it is none
     */
    static JsonNode parsed(String name, byte[] text) {
        boolean json = name.endsWith(".json");
        StreamReadConstraints constraints =
                StreamReadConstraints.builder().maxNestingDepth(DEEPEST_TREE).build();
        ObjectMapper mapper = json
                ? new JsonMapper(
                        JsonFactory.builder().streamReadConstraints(constraints).build())
                : new YAMLMapper(
                        YAMLFactory.builder().streamReadConstraints(constraints).build());
        String content = new String(text, StandardCharsets.UTF_8);
        try {
            if (!json) {
                refuseAliases(name, mapper, content);
            }
            return mapper.readTree(content);
        } catch (JacksonException e) {
            throw new RefusedPackageException(
                    "%s is not %s: %s".formatted(name, json ? "JSON" : "YAML", e.getOriginalMessage()));
        }
    }

    /** The tree would have the name of an alias in the place of its value. */
    private static void refuseAliases(String name, ObjectMapper mapper, String content) {
        try (JsonParser tokens = mapper.createParser(content)) {
            while (tokens.nextToken() != null) {
                if (tokens instanceof YAMLParser yaml && yaml.isCurrentAlias()) {
                    throw new RefusedPackageException("%s uses the YAML alias *%s; write its value in its place"
                            .formatted(name, yaml.getString()));
                }
            }
        }
    }

    /** Whether the package has a file of exactly this name. */
    boolean has(String name) {
        return names.contains(name);
    }

    /**
     * Reads a file.
     *
     * @param field of the package that names it, for messages
     * @param sha256 that it must have; null for any
     */
    byte[] read(String field, String name, @Nullable String sha256) {
        if (!names.contains(name)) {
            throw new RefusedPackageException("%s names %s, which is not in the package%s"
                    .formatted(
                            field,
                            name,
                            name.contains("://") ? "; gnserve fetches nothing: put the file into it" : ""));
        }
        byte[] bytes;
        try (InputStream in =
                zip == null ? Files.newInputStream(place.resolve(name)) : zip.getInputStream(zip.getEntry(name))) {
            long size = zip == null
                    ? Files.size(place.resolve(name))
                    : zip.getEntry(name).getSize();
            if (size > LARGEST) {
                throw new RefusedPackageException(
                        "%s names %s of %,d bytes; up to %,d are read".formatted(field, name, size, LARGEST));
            }
            bytes = in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " of the package cannot be read", e);
        }
        if (sha256 != null && !sha256.equalsIgnoreCase(digest(bytes))) {
            throw new RefusedPackageException("%s: the SHA-256 of %s is %s, and the package says %s; download it again"
                    .formatted(field, name, digest(bytes), sha256));
        }
        return bytes;
    }

    private static String digest(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() throws IOException {
        if (zip != null) {
            zip.close();
        }
    }
}
