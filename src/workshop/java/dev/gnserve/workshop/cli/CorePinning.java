package dev.gnserve.workshop.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Keeps the measured apart from the measuring: each on cores of its own, by util-linux's {@code taskset}. */
final class CorePinning {

    private static final Path TASKSET = Path.of("/usr/bin/taskset");

    private CorePinning() {}

    /** Whether there are two cores and a way to choose between them. */
    static boolean isPossible() {
        return Runtime.getRuntime().availableProcessors() > 1 && Files.isExecutable(TASKSET);
    }

    /** What starts a program on one core; nothing where that cannot be chosen. */
    static List<String> launcher(int core) {
        return isPossible() ? List.of(TASKSET.toString(), "-c", Integer.toString(core)) : List.of();
    }

    /** Moves all threads of this process to one core, where that can be chosen. */
    static void stayOn(int core) throws IOException, InterruptedException {
        if (isPossible()) {
            String process = Long.toString(ProcessHandle.current().pid());
            new ProcessBuilder(TASKSET.toString(), "-acp", Integer.toString(core), process)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        }
    }
}
