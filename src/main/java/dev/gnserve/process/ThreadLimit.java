package dev.gnserve.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How many threads the control groups of this process allow ({@code pids.max}, version 1 or 2). The kernel counts every thread, also
 * those of other processes in the group.
 *
 * @param most threads that are allowed
 * @param now threads that exist
 */
public record ThreadLimit(int most, int now) {

    private static final Path MEMBERSHIP = Path.of("/proc/self/cgroup");
    private static final Path GROUPS = Path.of("/sys/fs/cgroup");

    /** The limit of this process that leaves the least room; empty if no control group limits it. */
    public static Optional<ThreadLimit> ofThisProcess() {
        return of(MEMBERSHIP, GROUPS);
    }

    static Optional<ThreadLimit> of(Path membership, Path groups) {
        List<String> lines;
        try {
            lines = Files.readAllLines(membership);
        } catch (IOException e) {
            return Optional.empty(); // No Linux.
        }
        List<ThreadLimit> found = new ArrayList<>();
        for (String line : lines) {
            String[] parts = line.split(":", 3); // Number, controllers, path.
            if (parts.length == 3 && parts[1].isEmpty()) {
                collect(groups, parts[2], found);
            } else if (parts.length == 3 && List.of(parts[1].split(",")).contains("pids")) {
                collect(groups.resolve("pids"), parts[2], found);
            }
        }
        return found.stream().min(Comparator.comparingInt(ThreadLimit::free));
    }

    /** Threads that can still be made. */
    public int free() {
        return Math.max(0, most - now);
    }

    /** The limits of a group and of all groups that contain it. A container may see its own group only, as the root. */
    private static void collect(Path root, String path, List<ThreadLimit> found) {
        Path group = root.resolve(path.substring(1)).normalize();
        while (group != null && group.startsWith(root)) {
            ThreadLimit limit = read(group);
            if (limit != null) {
                found.add(limit);
            }
            group = group.getParent();
        }
    }

    private static @Nullable ThreadLimit read(Path group) {
        try {
            String most = Files.readString(group.resolve("pids.max")).strip();
            String now = Files.readString(group.resolve("pids.current")).strip();
            return most.equals("max") ? null : new ThreadLimit(asInt(most), asInt(now));
        } catch (IOException | NumberFormatException e) {
            return null;
        }
    }

    private static int asInt(String number) {
        return (int) Math.min(Integer.MAX_VALUE, Long.parseLong(number));
    }
}
