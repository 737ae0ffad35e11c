package dev.gnserve.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Models in a folder of the file system: {@code name/model.yaml} and {@code name/<version>/model.pt} or {@code model.pt2}. A version
 * may have a {@code model.yaml} of its own, which stands in place of the shared one. Thread-safe.
 */
public final class ModelFolder {

    /** The names that an archive can have. What it is follows from its content. */
    static final List<String> ARCHIVES = List.of("model.pt", "model.pt2");

    static final String MANIFEST = "model.yaml";

    private ModelFolder() {}

    /**
     * All versions of all models in a folder, in the order of their names.
     *
     * <p>A model with a manifest but without an archive is listed with version {@code 1}, so that loading it reports the missing
     * archive. So is a folder that cannot be read.
     *
     * @throws IOException if there is no such folder, or if it cannot be read
     */
    public static List<ModelSource> list(Path folder) throws IOException {
        List<ModelSource> found = new ArrayList<>();
        for (Path model : children(folder)) {
            if (isReadable(model)) {
                found.addAll(versions(model));
            } else if (FolderSources.mayBeModel(model)) {
                found.add(new InFolder(model, "1"));
            }
        }
        return found;
    }

    /**
     * The versions in the folder of one model; none if it is not the folder of a model.
     *
     * @throws IOException if the folder cannot be read
     */
    public static List<ModelSource> versions(Path model) throws IOException {
        boolean shared = hasManifest(model);
        List<ModelSource> found = new ArrayList<>();
        for (Path version : children(model)) {
            if (hasArchive(version) && (shared || hasManifest(version))) {
                found.add(new InFolder(model, version.getFileName().toString()));
            }
        }
        if (shared && found.isEmpty()) {
            found.add(new InFolder(model, "1"));
        }
        return found;
    }

    static boolean hasManifest(Path folder) {
        return Files.isRegularFile(folder.resolve(MANIFEST));
    }

    /** Also for what is no regular file, so that it is named as the reason why the model does not serve. */
    static boolean hasArchive(Path version) {
        return ARCHIVES.stream().anyMatch(name -> Files.exists(version.resolve(name)));
    }

    /** Whether this process may list a folder and open the files in it. */
    static boolean isReadable(Path folder) {
        return Files.isReadable(folder) && Files.isExecutable(folder);
    }

    private static List<Path> children(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(Files::isDirectory).sorted().toList();
        }
    }

    private record InFolder(Path folder, String version) implements ModelSource {

        @Override
        public String name() {
            return folder.getFileName().toString();
        }

        @Override
        public String location() {
            return folder.toString();
        }

        @Override
        public boolean isReadable() {
            return ModelFolder.isReadable(folder);
        }

        @Override
        public String fingerprint() throws IOException {
            StringBuilder all = new StringBuilder(fingerprint(file(MANIFEST)));
            for (String name : ARCHIVES) {
                all.append(fingerprint(folder.resolve(version).resolve(name)));
            }
            return all.toString();
        }

        private static String fingerprint(Path file) throws IOException {
            return Files.isRegularFile(file)
                    ? Files.size(file) + " bytes of " + Files.getLastModifiedTime(file) + "; "
                    : "none; ";
        }

        @Override
        public String manifestLocation() {
            return file(MANIFEST).toString();
        }

        @Override
        public String manifest() throws IOException {
            return RegularFile.text(file(MANIFEST));
        }

        @Override
        public InputStream open(String file) throws IOException {
            return RegularFile.open(file(file));
        }

        /** The file of the version where it has one of this name, else that of the model. */
        private Path file(String name) {
            Path own = folder.resolve(version).resolve(name);
            return Files.exists(own) ? own : folder.resolve(name);
        }

        @Override
        public InputStream openArchive() throws IOException {
            if (present().size() > 1) {
                throw new NoFileException(folder.resolve(version) + " has " + String.join(" and ", present())
                        + ", allowed is one of them. Remove the other");
            }
            return RegularFile.open(folder.resolve(version).resolve(archiveName()));
        }

        @Override
        public String archiveName() {
            return present().isEmpty() ? ARCHIVES.get(0) : present().get(0);
        }

        private List<String> present() {
            return ARCHIVES.stream()
                    .filter(name -> Files.exists(folder.resolve(version).resolve(name)))
                    .toList();
        }
    }
}
