package dev.gnserve.backend;

import dev.gnserve.failure.FailureException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Calls of a scope, its closing and the engine's closing under many interleavings; see {@code batching.InterleavingsTest}. */
@Tag("interleavings")
class ScopeInterleavingsTest {

    @Test
    void inEveryInterleavingAScopeIsFreedOnceAndNeverUnderACall() {
        new ModelCheckingOptions()
                .iterations(5)
                .invocationsPerIteration(60)
                .threads(3)
                .actorsBefore(0)
                .actorsPerThread(1)
                .actorsAfter(0)
                .check(ScopeOperations.class);
    }

    @Test
    void underStressAScopeIsFreedOnceAndNeverUnderACall() {
        new StressOptions()
                .iterations(8)
                .invocationsPerIteration(60)
                .threads(3)
                .actorsPerThread(3)
                .check(WaitingScopeOperations.class);
    }

    public static class ScopeOperations {

        private final FakeBackend backend = new FakeBackend();
        final Engine engine = backend.engine(() -> 0);
        final EngineScope scope = engine.scope("model x version 1");
        private final AtomicInteger inside = new AtomicInteger();
        private final AtomicInteger freed = new AtomicInteger();
        private volatile boolean closed;

        @Operation
        public void call() {
            boolean late = closed;
            try {
                scope.call("a pass", () -> work(late));
            } catch (FailureException refused) {
                // Allowed after another thread has closed the scope.
            }
        }

        private int work(boolean late) {
            require(!late, "a call is admitted after the close");
            inside.incrementAndGet();
            require(freed.get() == 0, "a call is inside what was freed");
            return inside.decrementAndGet();
        }

        @Operation
        public void close() {
            close(Duration.ZERO);
        }

        void close(Duration wait) {
            boolean done = scope.close(wait, this::free);
            closed = true;
            require(!done || freed.get() == 1, "closed and not freed");
        }

        private void free() {
            require(inside.get() == 0, "freed under a call");
            require(backend.closes() == 0, "freed after the back end");
            freed.incrementAndGet();
        }

        @Validate
        public void everythingIsFreedOnce() {
            require(engine.isIdle() && scope.isIdle(), "a call that has returned is inside");
            require(freed.get() == (closed ? 1 : 0), "freed " + freed.get() + " times");
            require(scope.close(Duration.ZERO, this::free), "not idle");
            require(freed.get() == 1, "freed " + freed.get() + " times");
            engine.close();
            engine.close();
            require(backend.closes() == 1, "the back end is closed " + backend.closes() + " times");
        }
    }

    /** With closes that wait. In the model checker no time passes, so they would wait forever. */
    public static class WaitingScopeOperations extends ScopeOperations {

        @Operation
        public void closeAndWait() {
            close(Duration.ofSeconds(5));
        }

        @Operation
        public void ageCalls() {
            engine.ageCalls();
            scope.overdue(Duration.ZERO);
        }
    }

    private static void require(boolean promise, String broken) {
        if (!promise) {
            throw new IllegalStateException(broken);
        }
    }
}
