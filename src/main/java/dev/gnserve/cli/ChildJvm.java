package dev.gnserve.cli;

import dev.gnserve.Gnserve;
import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This program in a process of its own, with the process settings that serving is meant to have. */
final class ChildJvm {

    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private ChildJvm() {}

    /** Starts it with the given arguments; its standard output is to be read, its error output is ours. */
    static Process start(String... arguments) throws IOException {
        return start(List.of(), arguments);
    }

    /** Starts it with further options of the JVM. */
    static Process start(List<String> jvmOptions, String... arguments) throws IOException {
        return start(List.of(), jvmOptions, arguments);
    }

    /** Starts it by another program, as {@code taskset -c 0}. */
    static Process start(List<String> launcher, List<String> jvmOptions, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(launcher);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (ModuleFinder.ofSystem().find(VECTOR_MODULE).isPresent()) {
            command.add("--add-modules=" + VECTOR_MODULE);
        }
        if (Runtime.version().feature() >= 24) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(jvmOptions);
        String classPath = System.getProperty("java.class.path");
        boolean fromLauncherJar = Gnserve.class.getClassLoader() != ClassLoader.getSystemClassLoader();
        command.addAll(
                fromLauncherJar ? List.of("-jar", classPath) : List.of("-cp", classPath, Gnserve.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder child = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        child.environment().putIfAbsent("MALLOC_MMAP_THRESHOLD_", "4294967296");
        child.environment().putIfAbsent("MALLOC_TRIM_THRESHOLD_", "8589934592");
        child.environment().putIfAbsent("MALLOC_ARENA_MAX", "1");
        return child.start();
    }
}
