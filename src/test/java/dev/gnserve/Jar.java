package dev.gnserve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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

    private static final Path EXTRACTED = Path.of("target/extracted").toAbsolutePath();
    private static final Path EXTRACTED_JAR = EXTRACTED.resolve(FILE.getFileName());

    private Jar() {}

    /** The jar as it was built, with options of the JVM. */
    static List<String> asBuilt(List<String> jvm, String... arguments) {
        return command(jvm, FILE, List.of(arguments));
    }

    /** The command of a process that lives for seconds. */
    static List<String> command(String... arguments) {
        return command(List.of(QUICK_START), List.of(arguments));
    }

    /**
     * A command with options of the JVM. It starts the jar extracted and with a class data archive, as docs/deployment.md shows it:
     * that takes half of the processor time of the jar as it was built.
     */
    static List<String> command(List<String> jvm, List<String> arguments) {
        List<String> options = new ArrayList<>(jvm);
        options.add("-XX:SharedArchiveFile=" + Extraction.CLASSES);
        return command(options, EXTRACTED_JAR, arguments);
    }

    private static List<String> command(List<String> jvm, Path jar, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(JAVA_FOLDER.resolve("java").toString());
        command.addAll(jvm);
        command.add("-jar");
        command.add(jar.toString());
        command.addAll(arguments);
        return command;
    }

    /** Made by the first test that needs it, for the tests of all JVMs, and again after each build. */
    private static final class Extraction {

        /** The archive of this JVM; another one could not use it. */
        static final Path CLASSES = EXTRACTED.resolve(Runtime.version() + ".jsa");

        static {
            try (FileChannel file = FileChannel.open(
                    EXTRACTED.resolveSibling("extracted.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                FileLock unused = file.lock(); // Until the file is closed.
                if (!Files.exists(CLASSES)
                        || Files.getLastModifiedTime(CLASSES).compareTo(Files.getLastModifiedTime(FILE)) < 0) {
                    Files.deleteIfExists(CLASSES);
                    run(command(
                            List.of(QUICK_START, "-Djarmode=tools"),
                            FILE,
                            List.of("extract", "--force", "--destination", EXTRACTED.toString())));
                    archiveClasses();
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Those of a service that ends once it has started. */
        private static void archiveClasses() throws IOException {
            Path models = EXTRACTED.resolve("models");
            new ModelsFolder(models).put("vector", "/models/vector-scripted.pt", """
                    task: tensors
                    warmUp: {shapes: [[4]]}
                    """);
            run(command(
                    List.of(QUICK_START, "-XX:ArchiveClassesAtExit=" + CLASSES, "-Dspring.context.exit=onRefresh"),
                    EXTRACTED_JAR,
                    List.of(
                            "--server.port=0",
                            "--gnserve.models-dir=" + models,
                            "--gnserve.models=vector",
                            "--gnserve.trial.enabled=false")));
        }

        private static void run(List<String> command) throws IOException {
            Path output = EXTRACTED.resolveSibling("extracted.log");
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            try {
                if (process.waitFor() != 0) {
                    throw new IllegalStateException(
                            String.join(" ", command) + " failed; it wrote\n" + Files.readString(output));
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
