package dev.gnserve.model;

import dev.gnserve.model.Lifecycle.Phase;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The changes of a model's life under many interleavings; see {@code batching.InterleavingsTest}. */
@Tag("interleavings")
class LifecycleInterleavingsTest {

    @Test
    void everyInterleavingOfChangesIsAsIfTheyCameOneAfterTheOther() {
        new ModelCheckingOptions()
                .iterations(7)
                .invocationsPerIteration(40)
                .threads(2)
                .actorsBefore(0)
                .actorsPerThread(2)
                .actorsAfter(1)
                .check(Changes.class);
    }

    @Test
    void changesUnderStressAreAsIfTheyCameOneAfterTheOther() {
        new StressOptions()
                .iterations(4)
                .invocationsPerIteration(200)
                .threads(3)
                .actorsPerThread(3)
                .check(Changes.class);
    }

    /** Compares the allowed and refused changes with those of the same changes one after another, in some order. */
    public static class Changes {

        private final Map<Phase, AtomicInteger> announced = new EnumMap<>(Phase.class); // Complete from the start.
        private final Lifecycle life =
                new Lifecycle(state -> announced.get(state.phase()).incrementAndGet());

        public Changes() {
            for (Phase phase : Phase.values()) {
                announced.put(phase, new AtomicInteger());
            }
            life.enter(Phase.WARMING, null);
        }

        @Operation
        public boolean becomesReady() {
            return life.enter(Phase.READY, null);
        }

        @Operation
        public boolean hangs() {
            return life.enter(Phase.HUNG, null);
        }

        @Operation
        public boolean fails() {
            return life.enter(Phase.FAILED, null);
        }

        @Operation
        public boolean drains() {
            return life.enter(Phase.DRAINING, null);
        }

        @Operation
        public boolean ends() {
            return life.enter(Phase.CLOSED, null);
        }

        @Operation
        public void setReason() {
            life.setReason(Phase.READY, "wrong");
        }

        @Operation
        public String phase() {
            return life.phase().name();
        }

        @Validate
        public void closedIsFinalAndAnnouncedOnce() {
            if (life.phase() == Phase.CLOSED) {
                for (Phase next : Phase.values()) {
                    require(!life.enter(next, null), "a closed model becomes " + next);
                }
            }
            for (Phase once : new Phase[] {Phase.WARMING, Phase.DRAINING, Phase.FAILED, Phase.CLOSED}) {
                int times = announced.get(once).get();
                require(times <= 1, once + " was entered " + times + " times");
            }
        }
    }

    private static void require(boolean promise, String broken) {
        if (!promise) {
            throw new IllegalStateException(broken);
        }
    }
}
