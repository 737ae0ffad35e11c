package dev.gnserve.backend;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.process.ResidentMemory;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All calls into the engine on behalf of one owner, as a rule a model. What the owner holds in native memory is freed when it has
 * been closed and no call is inside: at once, or by the last call that returns. Thread-safe.
 */
public final class EngineScope {

    /** A tapped pass keeps the inputs of every normalization until they are compared. */
    private static final int COPIES_OF_TAPPED_PASS = 3;

    private final Engine engine;
    private final String owner;
    private final PassCost cost;
    private final Object lock = new Object();
    private final Set<EngineCall> inside = new LinkedHashSet<>(); // guarded by lock, as what follows
    private boolean closed;
    private @Nullable Runnable free;
    private boolean beingFreed;

    EngineScope(Engine engine, String owner) {
        this.engine = engine;
        this.owner = owner;
        this.cost = new PassCost(owner, engine.memory());
    }

    /** Work that may fail. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object, E extends Exception> {

        T run() throws E;
    }

    /**
     * Makes a call on this thread, registered while it lasts.
     *
     * @param what it does, for the watchdog and for messages
     * @throws dev.gnserve.failure.FailureException with {@code MODEL_UNAVAILABLE} once the scope is closed
     */
    public <T extends @Nullable Object, E extends Exception> T call(String what, Work<T, E> work) throws E {
        return run(enter(what, true), work);
    }

    /**
     * Does work that makes several calls, each registered by itself. Nothing is freed before it ends; the watchdog does not look at
     * it.
     *
     * @throws dev.gnserve.failure.FailureException with {@code MODEL_UNAVAILABLE} once the scope is closed
     */
    public <T extends @Nullable Object, E extends Exception> T hold(String what, Work<T, E> work) throws E {
        return run(enter(what, false), work);
    }

    private <T extends @Nullable Object, E extends Exception> T run(EngineCall call, Work<T, E> work) throws E {
        try {
            return work.run();
        } finally {
            leave(call);
        }
    }

    private EngineCall enter(String what, boolean watched) {
        EngineCall call = new EngineCall(what, watched, engine.nanos());
        engine.register(this);
        boolean refused;
        synchronized (lock) {
            refused = closed;
            if (!refused) {
                inside.add(call);
            }
        }
        if (refused) {
            engine.unregister(this);
            throw Failure.of(FailureCode.MODEL_UNAVAILABLE, owner + " has been unloaded")
                    .asException();
        }
        return call;
    }

    private void leave(EngineCall call) {
        Runnable last = null;
        boolean left;
        synchronized (lock) {
            left = inside.remove(call);
            if (left && inside.isEmpty()) {
                last = takeFree();
                lock.notifyAll();
            }
        }
        if (left) {
            try {
                run(last);
            } finally {
                engine.unregister(this);
            }
        }
    }

    /** With the lock held: what the caller has to hand to {@link #run(Runnable)}. */
    private @Nullable Runnable takeFree() {
        Runnable taken = free;
        free = null;
        beingFreed |= taken != null;
        return taken;
    }

    private void run(@Nullable Runnable taken) {
        if (taken == null) {
            return;
        }
        try {
            taken.run();
        } finally {
            synchronized (lock) {
                beingFreed = false;
                lock.notifyAll();
            }
        }
    }

    /**
     * Loads an archive on this thread. Its sessions register their calls here.
     *
     * @throws dev.gnserve.failure.FailureException as {@link InferenceBackend#load}, and {@code MODEL_UNAVAILABLE} once the scope is
     *     closed
     */
    public BackendModel load(ArchiveSnapshot archive, BackendPlan plan) {
        return call("loading " + archive.name(), () -> {
            if (!engine.memory().isLimited()) {
                return new Registered(engine.backend().load(archive, plan), 0);
            }
            AtomicReference<@Nullable BackendModel> loaded = new AtomicReference<>();
            double growth = ResidentMemory.growthDuring(
                    () -> loaded.set(engine.backend().load(archive, plan)));
            return new Registered(Objects.requireNonNull(loaded.get()), Double.isNaN(growth) ? 0 : (long) growth);
        });
    }

    /** How many inputs of a shape one pass may have in the memory that passes have. */
    public int mostAtOnce(TensorShape shape) {
        return cost.mostAtOnce(shape);
    }

    /** Why a pass over one input of this shape does not fit into the memory that passes have; null if it does. */
    public @Nullable Failure refusal(TensorShape shape) {
        return cost.refusal(shape);
    }

    /** The calls that have been inside for at least this long, by the watchdog's clock. */
    public List<EngineCall> overdue(Duration limit) {
        synchronized (lock) {
            return inside.stream()
                    .filter(call -> call.watched() && call.age().compareTo(limit) >= 0)
                    .toList();
        }
    }

    /**
     * Does work if a call is still inside; the call cannot return meanwhile.
     *
     * @param work must be quick, and must not call into the engine
     * @return what the work gives, or false if the call has returned
     */
    public boolean whileInside(EngineCall call, BooleanSupplier work) {
        synchronized (lock) {
            return inside.contains(call) && work.getAsBoolean();
        }
    }

    /** Whether no call is inside. */
    boolean isIdle() {
        synchronized (lock) {
            return inside.isEmpty();
        }
    }

    void grow(long stepNanos, long nowNanos) {
        synchronized (lock) {
            inside.forEach(call -> call.grow(stepNanos, nowNanos));
        }
    }

    /**
     * Refuses calls from now on, waits for those that are inside, and frees. If one stays inside for longer, it frees when it
     * returns. Closing again waits again.
     *
     * @param freeing run once, when no call is inside; by this thread or by the one that returns last
     * @return whether it has been freed: no call is inside any more, and the freeing has ended
     */
    public boolean close(Duration wait, Runnable freeing) {
        engine.registerFreeing(this);
        try {
            Runnable now = null;
            boolean idle;
            synchronized (lock) {
                if (!closed) {
                    closed = true;
                    free = freeing;
                }
                idle = awaitIdle(wait);
                if (idle) {
                    now = takeFree();
                }
            }
            run(now);
            return idle;
        } finally {
            engine.unregister(this);
        }
    }

    /** With the lock held: waits until no call is inside and no other thread frees. */
    private boolean awaitIdle(Duration wait) {
        long until = System.nanoTime() + wait.toNanos();
        boolean interrupted = false;
        for (long left = wait.toNanos(); !isFreeable() && left > 0; left = until - System.nanoTime()) {
            try {
                TimeUnit.NANOSECONDS.timedWait(lock, left);
            } catch (InterruptedException e) {
                interrupted = true;
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return isFreeable();
    }

    private boolean isFreeable() {
        return inside.isEmpty() && !beingFreed;
    }

    @Override
    public String toString() {
        return owner;
    }

    /** A model whose sessions register their calls. */
    private final class Registered implements BackendModel {

        private final BackendModel model;
        private final long bytes;

        /** @param bytes of native memory that the model holds */
        Registered(BackendModel model, long bytes) {
            this.model = model;
            this.bytes = bytes;
            engine.memory().modelHolds(bytes);
        }

        @Override
        public String device() {
            return model.device();
        }

        @Override
        public List<RepairedArchive.Replacement> replacements() {
            return model.replacements();
        }

        @Override
        public BackendSession newSession() {
            BackendSession session = model.newSession();
            return inputs -> cost.run(inputs, 1, () -> call("a forward pass of " + owner, () -> session.run(inputs)));
        }

        @Override
        public TappedSession newTappedSession(boolean background) {
            TappedSession session = model.newTappedSession(background);
            return new TappedSession() {
                @Override
                public Map<String, Tensor> run(List<? extends Tensor> inputs, long bytes, Consumer<TappedCall> calls) {
                    return cost.run(
                            inputs,
                            COPIES_OF_TAPPED_PASS,
                            () -> call("a verification of " + owner, () -> session.run(inputs, bytes, calls)));
                }

                @Override
                public List<Prediction> predict(List<FloatTensor> images) {
                    return cost.run(images, 1, () -> call("a verification of " + owner, () -> session.predict(images)));
                }
            };
        }

        @Override
        public void close() {
            model.close();
            engine.memory().modelHolds(-bytes);
        }
    }
}
