package dev.gnserve.backend;

import static java.lang.System.Logger.Level.DEBUG;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.process.ResidentMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How much native memory the passes of one model take. The first pass, and one on far more elements than any before, runs alone and
 * is measured; others are taken to grow with the elements of their input. Thread-safe.
 */
final class PassCost {

    private static final System.Logger LOG = System.getLogger(PassCost.class.getName());

    /** Passes of one shape differ, and allocators keep more than they hand out. */
    private static final double MARGIN = 1.25;

    /** Beyond this many times the largest measured pass, growth with the elements is not relied on. */
    private static final int FAR = 4;

    private final String owner;
    private final PassMemory memory;
    private long measuredElements; // guarded by this, as what follows
    private double bytesPerElement;

    PassCost(String owner, PassMemory memory) {
        this.owner = owner;
        this.memory = memory;
    }

    /**
     * Runs a pass in its part of the memory.
     *
     * @param copies how many times the memory of a plain pass it takes
     * @throws dev.gnserve.failure.FailureException with {@code OVERLOADED} when the memory is not free in time
     */
    <T> T run(List<? extends ModelInput> inputs, int copies, Supplier<T> pass) {
        if (!memory.isLimited()) {
            return pass.get();
        }
        long elements = inputs.stream().mapToLong(ModelInput::elements).sum();
        boolean measure = copies == 1 && isFar(elements);
        long part = measure ? memory.takeAll() : memory.take(copies * bytes(elements));
        try {
            // Another pass may have been measured while this one waited.
            return measure && isFar(elements) ? measured(elements, pass) : pass.get();
        } finally {
            memory.giveBack(part);
        }
    }

    private <T> T measured(long elements, Supplier<T> pass) {
        List<T> result = new ArrayList<>(1);
        double growth = ResidentMemory.growthDuring(() -> result.add(pass.get()));
        learn(elements, growth);
        return result.get(0);
    }

    /** Other threads' memory is in what was measured: later measurements move the figure in plausible steps only. */
    private synchronized void learn(long elements, double growth) {
        if (Double.isNaN(growth)) {
            return;
        }
        double seen = growth / elements;
        bytesPerElement = measuredElements == 0
                ? seen
                : Math.max(bytesPerElement / 2, Math.min(seen, bytesPerElement * elements / measuredElements));
        measuredElements = elements;
        LOG.log(
                DEBUG,
                () -> "a pass of %s on %,d values took %,.1f MB, %.0f bytes a value"
                        .formatted(owner, elements, growth / (1 << 20), seen));
    }

    private synchronized boolean isFar(long elements) {
        return elements > FAR * measuredElements;
    }

    /** Bytes that a pass on inputs of so many elements takes; 0 while unknown. */
    synchronized long bytes(long elements) {
        return (long) (MARGIN * bytesPerElement * elements);
    }

    /** How many inputs of so many elements one pass may have, so that two passes fit side by side; 1 at least. */
    int mostAtOnce(long elements) {
        long each = bytes(elements);
        return each == 0 || !memory.isLimited()
                ? Integer.MAX_VALUE
                : (int) Math.max(1, Math.min(Integer.MAX_VALUE, memory.total() / 2 / each));
    }

    /**
     * Why a pass over one input of so many elements never fits; null if it does.
     *
     * @param input for the message
     */
    @Nullable
    Failure refusal(long elements, Object input) {
        long bytes = bytes(elements);
        long total = memory.total();
        return !memory.isLimited() || bytes <= total
                ? null
                : Failure.of(
                        FailureCode.IMAGE_TOO_LARGE,
                        ("a pass of %s over an input of %s needs about %,d MB of native memory, and passes may take %,d MB:"
                                        + " send a smaller image, give model.yaml an input.tile, or give the process more memory")
                                .formatted(owner, input, PassMemory.megabytes(bytes), PassMemory.megabytes(total)));
    }
}
