package dev.gnserve.workshop.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A control group with a memory limit, of version 1 or 2, for one process; removed when closed. Needs the rights to make one. */
final class MemoryGroup implements AutoCloseable {

    private static final Path ROOT = Path.of("/sys/fs/cgroup");

    private final Path folder;
    private final boolean second;

    private MemoryGroup(Path folder, boolean second) {
        this.folder = folder;
        this.second = second;
    }

    /**
     * Makes a group.
     *
     * @throws IOException if the system has no such groups, or this user may not make one
     */
    static MemoryGroup of(long bytes) throws IOException {
        boolean second = Files.exists(ROOT.resolve("cgroup.controllers"));
        Path parent = second ? ROOT : ROOT.resolve("memory");
        Path folder = parent.resolve("gnserve-" + ProcessHandle.current().pid());
        Files.createDirectory(folder);
        MemoryGroup group = new MemoryGroup(folder, second);
        Files.writeString(group.file("memory.max", "memory.limit_in_bytes"), Long.toString(bytes));
        return group;
    }

    /** What starts a program in the group. */
    List<String> launcher() {
        return List.of("/bin/sh", "-c", "echo $$ > " + folder.resolve("cgroup.procs") + "; exec \"$@\"", "sh");
    }

    /** The most bytes that the group has had, with the files that it read. */
    long peak() throws IOException {
        return Long.parseLong(Files.readString(file("memory.peak", "memory.max_usage_in_bytes"))
                .strip());
    }

    /** How many processes the kernel has killed for want of memory. */
    long kills() throws IOException {
        return Files.readString(file("memory.events", "memory.oom_control"))
                .lines()
                .filter(line -> line.startsWith("oom_kill "))
                .mapToLong(line -> Long.parseLong(line.substring("oom_kill ".length())))
                .sum();
    }

    private Path file(String inSecond, String inFirst) {
        return folder.resolve(second ? inSecond : inFirst);
    }

    @Override
    public void close() throws IOException {
        Files.delete(folder);
    }
}
