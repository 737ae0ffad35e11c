package dev.gnserve.trial;

import dev.gnserve.process.Allocator;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts this same program as a small, separate JVM. */
final class ChildJvm {

    private static final String MAIN = "dev.gnserve.Gnserve";

    /** Options of this JVM that decide where libraries and temporary files are, and what fits on a stack. */
    private static final List<String> INHERITED = List.of(
            "-Xss",
            "-Djna.",
            "-Dai.djl.",
            "-DDJL_",
            "-DENGINE_CACHE_DIR",
            "-DPYTORCH_",
            "-Djava.io.tmpdir",
            "-Djava.library.path",
            "-Duser.home");

    private static final long LEAST_HEAP = 256L << 20;

    private ChildJvm() {}

    /**
     * Starts a command of this program. Error output and output are one stream.
     *
     * @throws IOException if the system starts no process
     */
    static Process start(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> INHERITED.stream().anyMatch(option::startsWith))
                .forEach(command::add);
        // What does not fit into this heap does not fit into that of the service. It takes what it uses.
        long heap = Math.max(LEAST_HEAP, Runtime.getRuntime().maxMemory());
        command.addAll(List.of(
                "-Xms16m",
                "-Xmx" + heap,
                "-XX:+UseSerialGC",
                "-XX:MinHeapFreeRatio=5", // A collection gives the heap that is not needed back at once.
                "-XX:MaxHeapFreeRatio=10",
                "-XX:-ShrinkHeapInSteps",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-XX:-CreateCoredumpOnCrash",
                "-XX:ErrorFile=/dev/null"));
        if (Runtime.version().feature() >= 24) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(isFromJar() ? List.of("-jar", classPath()) : List.of("-cp", classPath(), MAIN));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        // They may choose another garbage collector, an agent or a port. What is needed of them is among the options
        // above.
        builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
        // What one archive took must not count against the next one.
        Allocator.returnAtOnce(builder.environment());
        return builder.start();
    }

    /** Whether Boot's launcher loaded this class: the class path is then the jar alone. */
    private static boolean isFromJar() {
        return ChildJvm.class.getClassLoader() != ClassLoader.getSystemClassLoader();
    }

    private static String classPath() {
        return System.getProperty("java.class.path");
    }
}
