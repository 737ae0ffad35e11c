package dev.gnserve.tuning;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The threads of NNPACK, which computes the convolutions of the plan winograd. PyTorch gives it one thread for each core that the
 * operating system lets the process use, whatever number is set and whatever a container's quota is, and passes of several workers wait
 * for each other there (aten/src/ATen/native/NNPACK.cpp). A measurement of one pass does not show what that costs on many cores.
 */
final class NnpackThreads {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String CORES = "Cpus_allowed:";
    private static final int MOST_CORES = 4;

    private NnpackThreads() {}

    /**
     * Why the plan is not to be chosen by measurement on this machine; null if it may be.
     *
     * @param stated threads of a pass in model.yaml; 0 for automatic
     */
    static @Nullable String objection(int stated) {
        return stated == 0
                ? objection(allowed(), Runtime.getRuntime().availableProcessors())
                : "it takes as many threads as there are cores, and model.yaml states execution.threads";
    }

    static @Nullable String objection(int threads, int usable) {
        return threads == usable && usable <= MOST_CORES
                ? null
                : ("it is measured on at most %d cores that are all the process's own: its threads are %d, and the process may use %d"
                                + " cores. model.yaml can state it")
                        .formatted(MOST_CORES, threads, usable);
    }

    /** The number of cores that the operating system lets the process use; 0 if it does not say so. */
    private static int allowed() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(CORES))
                    .findFirst()
                    .map(line -> bits(line.substring(CORES.length())))
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }

    /** The bits that are set in a mask, as {@code ff,ffffffff}. */
    static int bits(String mask) {
        return mask.chars()
                .map(digit -> Character.digit(digit, 16))
                .filter(digit -> digit >= 0)
                .map(Integer::bitCount)
                .sum();
    }
}
