package dev.gnserve.process;

import static java.lang.System.Logger.Level.WARNING;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The allocator of native memory, which decides how much of what tensors took stays resident after them. It is chosen before the
 * process starts, with {@code LD_PRELOAD}. docs/measurements/memory.md compares them.
 *
 * @param name as {@code tcmalloc}
 * @param advice what to change; null for the recommended one
 */
public record Allocator(String name, @Nullable String advice) {

    private static final System.Logger LOG = System.getLogger(Allocator.class.getName());

    private static final Path MAPPINGS = Path.of("/proc/self/maps");

    /** Parts of the names of libraries, in the order in which they are looked for. */
    private static final Map<String, String> PRELOADED =
            Map.of("libtcmalloc", "tcmalloc", "libjemalloc", "jemalloc", "libmimalloc", "mimalloc");

    private static final String PRELOAD =
            "preload libtcmalloc_minimal.so.4 (Debian: libtcmalloc-minimal4) with LD_PRELOAD";

    /** The one of this process. */
    public static Allocator current() {
        String mappings;
        try {
            mappings = Files.readString(MAPPINGS);
        } catch (IOException e) {
            return new Allocator("unknown", null); // No Linux.
        }
        return of(mappings, System.getenv());
    }

    static Allocator of(String mappings, Map<String, String> environment) {
        for (Map.Entry<String, String> library : PRELOADED.entrySet()) {
            if (mappings.contains(library.getKey())) {
                return new Allocator(library.getValue(), null);
            }
        }
        if (!mappings.contains("libc.so")) {
            return new Allocator("unknown", null);
        }
        boolean keeps = environment.containsKey("MALLOC_TRIM_THRESHOLD_");
        return keeps
                ? new Allocator(
                        "glibc with MALLOC_ settings", "resident memory grows with every new size of image; " + PRELOAD)
                : new Allocator("glibc", "large tensors cost page faults in every pass; " + PRELOAD);
    }

    /**
     * Changes the environment of a process to start, so that large tensors go back to the system when they are closed. Its passes
     * take longer for it. Other preloaded libraries stay.
     */
    public static void returnAtOnce(Map<String, String> environment) {
        environment.computeIfPresent("LD_PRELOAD", (name, libraries) -> {
            String others = Stream.of(libraries.split("[ :]+"))
                    .filter(library -> PRELOADED.keySet().stream().noneMatch(library::contains))
                    .collect(Collectors.joining(":"));
            return others.isEmpty() ? null : others;
        });
        // A tensor of at least so many bytes is a mapping of its own. Without the setting, glibc raises the limit.
        environment.put("MALLOC_MMAP_THRESHOLD_", String.valueOf(1 << 20));
        environment.put("MALLOC_TRIM_THRESHOLD_", String.valueOf(1 << 20));
        environment.put("MALLOC_ARENA_MAX", "2");
    }

    /** Gives free memory back to the system, where the allocator has a function for that. */
    public static void release() {
        Stream.of(releaseFunction("MallocExtension_ReleaseFreeMemory"), releaseFunction("malloc_trim"))
                .flatMap(Stream::ofNullable)
                .findFirst()
                .ifPresent(function -> function.invokeInt(new Object[] {0}));
    }

    private static @Nullable Function releaseFunction(String name) {
        try {
            return NativeLibrary.getProcess().getFunction(name);
        } catch (UnsatisfiedLinkError e) {
            return null;
        } catch (LinkageError | RuntimeException e) {
            LOG.log(WARNING, "functions of the C library cannot be called", e);
            return null;
        }
    }
}
