package dev.gnserve.workshop.cli;

import dev.gnserve.Gnserve;
import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/** The product or the workshop in a JVM of its own, with the settings that serving is meant to have. */
final class ChildJvm {

    /** A jar of the product to measure instead of the one beside this jar. */
    private static final String PRODUCT = "gnserve.jar";

    /** The allocator of the image, where this machine has it and no other one was chosen. */
    private static final List<Path> TCMALLOC = Stream.of("x86_64", "aarch64")
            .map(processor -> Path.of("/usr/lib/" + processor + "-linux-gnu/libtcmalloc_minimal.so.4"))
            .toList();

    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private ChildJvm() {}

    /** Starts a command of the workshop. Its standard output is a pipe, its error output is ours. */
    static Process workshop(String... arguments) throws IOException {
        return start(List.of(), List.of(), thisProgram(WorkshopCommand.class), List.of(arguments));
    }

    /** Runs a command of the workshop that prints an object of JSON in its last line. */
    static <T> T result(Class<T> type, String... arguments) throws IOException {
        String output = new String(workshop(arguments).getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String result = output.lines()
                .filter(line -> line.startsWith("{"))
                .reduce((first, last) -> last)
                .orElseThrow(
                        () -> new IllegalStateException(String.join(" ", arguments) + " gave no result:\n" + output));
        return JsonMapper.shared().readValue(result, type);
    }

    /** Starts {@code serve} of the product with these JVM options, under a launcher as {@code taskset -c 0}, or under none. */
    static Process server(List<String> launcher, List<String> jvmOptions, List<String> options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("serve"));
        arguments.addAll(options);
        return start(launcher, jvmOptions, product(), arguments);
    }

    private static Process start(
            List<String> launcher, List<String> jvmOptions, List<String> program, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>(launcher);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        if (ModuleFinder.ofSystem().find(VECTOR_MODULE).isPresent()) {
            command.add("--add-modules=" + VECTOR_MODULE);
        }
        if (Runtime.version().feature() >= 24) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(jvmOptions);
        command.addAll(program);
        command.addAll(arguments);
        ProcessBuilder child = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        String allocator = System.getenv("LD_PRELOAD");
        if (allocator == null) {
            TCMALLOC.stream()
                    .filter(Files::exists)
                    .findFirst()
                    .ifPresent(library -> child.environment().put("LD_PRELOAD", library.toString()));
        }
        return child.start();
    }

    private static List<String> product() {
        String named = System.getProperty(PRODUCT);
        if (named != null) {
            return List.of("-jar", named);
        }
        return isFromJar()
                ? List.of(
                        "-jar",
                        Path.of(classPath()).resolveSibling("gnserve.jar").toString())
                : thisProgram(Gnserve.class);
    }

    private static List<String> thisProgram(Class<?> main) {
        return isFromJar() ? List.of("-jar", classPath()) : List.of("-cp", classPath(), main.getName());
    }

    /** Whether Boot's launcher loaded this class: the class path is then the jar alone. */
    private static boolean isFromJar() {
        return ChildJvm.class.getClassLoader() != ClassLoader.getSystemClassLoader();
    }

    private static String classPath() {
        return System.getProperty("java.class.path");
    }
}
