package dev.gnserve.model;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The models in a folder of the file system, at each look. Logs a warning, once, for a folder in it that looks like a model and is none.
 * Thread-safe.
 */
public final class FolderSources implements ModelSources {

    private static final System.Logger LOG = System.getLogger(FolderSources.class.getName());

    /** Folders that file systems and programs make, apart from hidden ones. */
    private static final Set<String> NO_MODELS =
            Set.of("lost+found", "@eaDir", "__MACOSX", "$RECYCLE.BIN", "System Volume Information");

    private final Path folder;
    private boolean seen; // guarded by this, as what follows
    private Map<Path, String> warned = Map.of();

    /** @param folder need not exist; but once it was seen, its absence is an error, because a volume may be away for a moment */
    public FolderSources(Path folder) {
        this.folder = folder;
    }

    @Override
    public synchronized List<ModelSource> list() throws IOException {
        if (!seen && !Files.exists(folder)) {
            return List.of();
        }
        seen = true;
        List<ModelSource> models = ModelFolder.list(folder);
        warn();
        return models;
    }

    @Override
    public Traffic traffic(String name) throws IOException {
        Path file = folder.resolve(name).resolve(TrafficFile.NAME);
        return Files.exists(file) ? TrafficFile.read(RegularFile.text(file)) : Traffic.NEWEST;
    }

    /** What the last look at the folder found, in the words of the warning. */
    @Override
    public synchronized @Nullable String whyLeftOut(String name) {
        return warned.entrySet().stream()
                .filter(entry -> entry.getKey().getFileName().toString().equals(name))
                .map(entry -> sentence(entry.getKey(), entry.getValue()))
                .findFirst()
                .orElse(null);
    }

    /** Each folder that the last look left out, in the words of the warning. */
    public synchronized List<String> leftOut() {
        return warned.entrySet().stream()
                .map(entry -> sentence(entry.getKey(), entry.getValue()))
                .sorted()
                .toList();
    }

    private static String sentence(Path child, String flaw) {
        return "The folder " + child + " is left out: " + flaw;
    }

    static boolean mayBeModel(Path child) {
        String name = child.getFileName().toString();
        return !name.startsWith(".") && !NO_MODELS.contains(name);
    }

    private void warn() throws IOException {
        Map<Path, String> now = new HashMap<>();
        for (Path child : children(folder)) {
            String flaw = Files.isDirectory(child) && mayBeModel(child) ? flaw(child) : null;
            if (flaw != null) {
                now.put(child, flaw);
                if (!flaw.equals(warned.get(child))) {
                    LOG.log(WARNING, sentence(child, flaw));
                }
            }
        }
        warned = now;
    }

    /** Why a folder that looks like a model is none, and what is expected; null for a model and for other folders. */
    private static @Nullable String flaw(Path model) throws IOException {
        if (!ModelFolder.isReadable(model)) {
            return "this process cannot read it. Change its permissions or its owner";
        }
        if (ModelFolder.hasManifest(model)) {
            return null;
        }
        if (Files.exists(model.resolve("model.yml"))) {
            return "it has model.yml, expected is model.yaml. Rename the file";
        }
        for (Path child : children(model)) {
            if (ModelFolder.hasManifest(child)) {
                continue;
            }
            String name = child.getFileName().toString();
            for (String archive : ModelFolder.ARCHIVES) {
                if (name.equals(archive) || Files.isRegularFile(child.resolve(archive))) {
                    return "it has an archive and no manifest, expected are %s and %s. `gnserve new` writes a manifest"
                            .formatted(
                                    model.resolve("model.yaml"),
                                    model.resolve(name.equals(archive) ? "1" : name)
                                            .resolve(archive));
                }
            }
        }
        return null;
    }

    private static List<Path> children(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        }
    }
}
