package dev.gnserve.process;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long the threads of a process were ready to run and waited for a processor, on Linux (the second number of
 * {@code /proc/PID/task/TID/schedstat}, in nanoseconds). Immutable.
 */
public final class ProcessorWait {

    private static final Pattern NUMBERS = Pattern.compile("\\d+ (\\d+) ");

    private final Map<String, Long> nanosOfThread;

    private ProcessorWait(Map<String, Long> nanosOfThread) {
        this.nanosOfThread = nanosOfThread;
    }

    /** Until now. Of a process that has ended, and on other systems, nothing is known. */
    public static ProcessorWait of(long pid) {
        Map<String, Long> nanos = new HashMap<>();
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path thread : threads) {
                long waited = waited(thread);
                if (waited > 0) {
                    nanos.put(String.valueOf(thread.getFileName()), waited);
                }
            }
        } catch (IOException | RuntimeException e) {
            return new ProcessorWait(Map.of());
        }
        return new ProcessorWait(nanos);
    }

    /** Of the thread that waited longest since then; zero where it is not known. */
    public Duration since(ProcessorWait before) {
        long longest = 0;
        for (Map.Entry<String, Long> thread : nanosOfThread.entrySet()) {
            longest = Math.max(longest, thread.getValue() - before.nanosOfThread.getOrDefault(thread.getKey(), 0L));
        }
        return Duration.ofNanos(longest);
    }

    private static long waited(Path thread) {
        try {
            Matcher numbers = NUMBERS.matcher(Files.readString(thread.resolve("schedstat")));
            return numbers.lookingAt() ? Long.parseLong(numbers.group(1)) : 0;
        } catch (IOException | NumberFormatException e) {
            return 0; // The thread has ended.
        }
    }
}
