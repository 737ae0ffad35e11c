package dev.gnserve.process;

import static java.lang.System.Logger.Level.DEBUG;

import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The memory of another process, on Linux. */
public final class ProcessMemory {

    private static final System.Logger LOG = System.getLogger(ProcessMemory.class.getName());

    /** What the kernel takes first when memory runs out: see oom_score_adj in proc(5). */
    private static final String FIRST = "1000";

    private static final Pattern OWN = Pattern.compile("Rss(?:Anon|Shmem):\\s+(\\d+) kB");

    /** See setrlimit(2): memory for data that only this process writes. */
    private static final int RLIMIT_DATA = 2;

    private static final int LONG = 8;

    private ProcessMemory() {}

    private interface CLibrary extends Library {
        int prlimit(int pid, int resource, Pointer limit, Pointer before);
    }

    /** Has the kernel refuse memory to a process beyond a limit, reserved memory included, where it can. */
    public static void limit(long pid, long bytes) {
        if (!Platform.isLinux() || !Platform.is64Bit()) {
            return;
        }
        try (Memory limit = new Memory(2 * LONG)) {
            limit.setLong(0, bytes); // what counts, which may be raised
            limit.setLong(LONG, -1); // how far it may be raised: without a limit
            if (Native.load("c", CLibrary.class).prlimit((int) pid, RLIMIT_DATA, limit, Pointer.NULL) != 0) {
                LOG.log(DEBUG, () -> "the memory of process " + pid + " cannot be limited");
            }
        } catch (LinkageError | RuntimeException e) {
            LOG.log(DEBUG, () -> "the memory of process " + pid + " cannot be limited", e);
        }
    }

    /**
     * Bytes that a process has for itself, without the files and libraries that it shares with others. 0 where that cannot be read,
     * which is everywhere but on Linux, and of a process that has ended.
     */
    public static long own(long pid) {
        try {
            Matcher matcher = OWN.matcher(Files.readString(Path.of("/proc", Long.toString(pid), "status")));
            long kilobytes = 0;
            while (matcher.find()) {
                kilobytes += Long.parseLong(matcher.group(1));
            }
            return kilobytes << 10;
        } catch (IOException e) {
            return 0;
        }
    }

    /** Has the kernel end a process before all others when memory runs out, where it can. */
    public static void endFirst(long pid) {
        try {
            Files.writeString(Path.of("/proc", Long.toString(pid), "oom_score_adj"), FIRST);
        } catch (IOException e) {
            LOG.log(DEBUG, () -> "the process " + pid + " keeps its place when memory runs out", e);
        }
    }
}
