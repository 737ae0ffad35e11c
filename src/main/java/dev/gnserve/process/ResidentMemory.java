package dev.gnserve.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The memory of this process as the operating system counts it: heap and native memory. */
public final class ResidentMemory {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path PEAK_RESET = Path.of("/proc/self/clear_refs");
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");

    private ResidentMemory() {}

    /** Bytes now; NaN if they cannot be read, as on systems other than Linux. */
    public static double bytes() {
        return read(RESIDENT);
    }

    /**
     * By how many bytes the process grew at most while something ran; NaN where that cannot be read. Threads that run at the same time
     * count, too.
     */
    public static double growthDuring(Runnable work) {
        Allocator.release();
        boolean reset = resetPeak();
        double before = bytes();
        work.run();
        return Math.max(0, (reset ? read(PEAK) : bytes()) - before);
    }

    /** See clear_refs in proc(5). */
    private static boolean resetPeak() {
        try {
            Files.writeString(PEAK_RESET, "5");
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static double read(Pattern pattern) {
        try {
            Matcher matcher = pattern.matcher(Files.readString(STATUS));
            return matcher.find() ? Long.parseLong(matcher.group(1)) * 1024.0 : Double.NaN;
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
