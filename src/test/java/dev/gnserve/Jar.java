package dev.gnserve;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Commands that start the jar on the JVM that runs the tests. */
final class Jar {

    /** The jar of the build; the property {@code gnserve.jar} names another one. */
    static final Path FILE =
            Path.of(System.getProperty("gnserve.jar", "target/gnserve.jar")).toAbsolutePath();

    /** The folder of the program {@code java}. */
    static final Path JAVA_FOLDER = Path.of(System.getProperty("java.home"), "bin");

    /**
     * For processes that live for seconds: the optimizing compiler takes about as much processor time as the whole rest of a
     * start, and they end before it pays.
     */
    static final String QUICK_START = "-XX:TieredStopAtLevel=1";

    private Jar() {}

    /** The command of a process that lives for seconds. */
    static List<String> command(String... arguments) {
        return command(List.of(QUICK_START), List.of(arguments));
    }

    /** A command with options of the JVM. */
    static List<String> command(List<String> jvm, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(JAVA_FOLDER.resolve("java").toString());
        command.addAll(jvm);
        command.add("-jar");
        command.add(FILE.toString());
        command.addAll(arguments);
        return command;
    }
}
