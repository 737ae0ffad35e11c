package dev.gnserve.model;

import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.PlannedArchive;
import dev.gnserve.backend.BackendDescription;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code gnserve tune} and the loading of models measured on this machine, for {@code execution: {plan: auto}}: one JSON file for each {@link Key} in a folder.
 * Thread-safe; several processes may share the folder.
 */
public final class TunedPlans {

    private static final System.Logger LOG = System.getLogger(TunedPlans.class.getName());

    /** A report is some kilobytes long. */
    private static final long MOST_BYTES = 1 << 20;

    private final @Nullable Path folder;

    /** @param folder null to keep nothing */
    public TunedPlans(@Nullable Path folder) {
        this.folder = folder;
    }

    /** Those of this user: in {@code $XDG_CACHE_HOME/gnserve/plans}, by default {@code ~/.cache/gnserve/plans}. */
    public static TunedPlans ofUser() {
        return of(System.getenv("XDG_CACHE_HOME"), System.getProperty("user.home"));
    }

    /** @param home of the user; Java says {@code ?} where there is none */
    static TunedPlans of(@Nullable String caches, @Nullable String home) {
        Path folder = null;
        if (caches != null && !caches.isBlank()) {
            folder = Path.of(caches);
        } else if (home != null && Path.of(home).isAbsolute()) {
            folder = Path.of(home, ".cache");
        }
        return new TunedPlans(folder == null ? null : folder.resolve("gnserve").resolve("plans"));
    }

    /**
     * What a measurement depends on. With anything else, it has to be made again.
     *
     * @param archive SHA-256 of the model's archive
     * @param engine name and version: {@code PyTorch 2.7.1}
     * @param device where the model runs: {@code cpu}
     * @param processor model of the CPU, as the operating system names it
     * @param cores number of cores that the process may use
     * @param threads threads of a pass; 0 for automatic
     * @param plans {@link PlannedArchive#VERSION}
     * @param accuracy label of the {@link Accuracy} that judged the plans
     * @param images on what a load judges plans: {@code golden} or {@code noise}
     */
    public record Key(
            String archive,
            String engine,
            String device,
            String processor,
            int cores,
            int threads,
            int plans,
            String accuracy,
            String images) {

        /**
         * The key of a model on this machine.
         *
         * @param accuracy that of the manifest, or another one
         */
        public static Key of(
                ArchiveSnapshot archive,
                BackendDescription engine,
                ModelManifest manifest,
                Accuracy accuracy,
                int cores) {
            Execution execution = manifest.execution();
            return new Key(
                    archive.sha256(),
                    engine.name(),
                    execution.device() + " of " + engine.device(),
                    thisProcessor(),
                    cores,
                    execution.threadsOn(cores),
                    PlannedArchive.VERSION,
                    accuracy.label(),
                    manifest.hasGoldenPicture() ? "golden" : "noise");
        }

        /** On Linux, name, family and model of the first CPU; else the architecture. */
        private static String thisProcessor() {
            try {
                List<String> lines = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                        .filter(line -> line.matches("(model name|cpu family|model|CPU part)\\s*:.*"))
                        .limit(3)
                        .map(line -> line.replaceFirst("\\s*:\\s*", "=").strip())
                        .toList();
                return System.getProperty("os.arch") + " " + String.join(", ", lines);
            } catch (IOException | RuntimeException e) {
                return String.valueOf(System.getProperty("os.arch"));
            }
        }
    }

    private record Kept(Key key, TuningReport report) {}

    /** The measurement; null if there is none. A file that cannot be read is none, and the log says so. */
    public @Nullable TuningReport find(Key key) {
        if (folder == null) {
            return null;
        }
        Path file = file(folder, key);
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > MOST_BYTES) {
                return null;
            }
            Kept kept = JsonMapper.shared().readValue(Files.readAllBytes(file), Kept.class);
            if (!key.equals(kept.key())) {
                return null;
            }
            ExecutionPlan unused = kept.report().plan();
            return kept.report();
        } catch (IOException | JacksonException | IllegalArgumentException | NullPointerException e) {
            LOG.log(WARNING, file + " is no measurement of plans, and is passed over: " + e.getMessage());
            return null;
        }
    }

    /**
     * Keeps a measurement, in the place of an earlier one.
     *
     * @return the file
     * @throws IOException if the folder cannot be written, or there is none
     */
    public Path keep(Key key, TuningReport report) throws IOException {
        if (folder == null) {
            throw new IOException("this user has no home");
        }
        Path file = file(folder, key);
        Files.createDirectories(folder);
        Path part = Files.createTempFile(folder, "part-", ".json");
        try {
            Files.write(
                    part,
                    JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(new Kept(key, report)));
            Files.move(part, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
        return file;
    }

    private static Path file(Path folder, Key key) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest(key.toString().getBytes(StandardCharsets.UTF_8));
            return folder.resolve(HexFormat.of().formatHex(digest, 0, 16) + ".json");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
