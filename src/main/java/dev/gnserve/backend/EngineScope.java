package dev.gnserve.backend;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
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
 * The calls into the engine on behalf of one owner, usually a model. The owner's native memory is freed when the scope is closed and
 * no call is inside: at once, or by the last call that returns. Thread-safe.
 */
public final class EngineScope {

    /** A tapped pass keeps the inputs of every normalization until they are compared. */
    private static final int COPIES_OF_TAPPED_PASS = 3;

    private final Engine engine;
    private final String owner;
    private final PassCost cost;
    private final Object lock; // the engine's; guards the fields below
    private final Set<EngineCall> inside = new LinkedHashSet<>();
    private boolean closed;
    private @Nullable Runnable freeing;
    private boolean beingFreed;

    EngineScope(Engine engine, String owner) {
        this.engine = engine;
        this.owner = owner;
        this.cost = new PassCost(owner, engine.memory());
        this.lock = engine.lock;
    }

    public BackendDescription describe() {
        return engine.describe();
    }

    /** Work that may fail. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object, E extends Exception> {

        T run() throws E;
    }

    /**
     * Makes a call on this thread, registered while it runs.
     *
     * @param what the call does, for the watchdog and for messages
     * @throws FailureException with {@code MODEL_UNAVAILABLE} after {@link #close}, with {@code SHUTTING_DOWN}
     *     after the engine's
     */
    public <T extends @Nullable Object, E extends Exception> T call(String what, Work<T, E> work) throws E {
        return run(enter(what, true), work);
    }

    /**
     * Runs work that makes several calls. Nothing is freed before the work ends. The watchdog watches its calls, not the work.
     *
     * @throws FailureException as {@link #call}
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
        synchronized (lock) {
            engine.requireOpen();
            if (closed) {
                throw new FailureException(FailureCode.MODEL_UNAVAILABLE, owner + " has been unloaded");
            }
            inside.add(call);
            engine.busy.add(this);
        }
        return call;
    }

    private void leave(EngineCall call) {
        Runnable taken;
        synchronized (lock) {
            inside.remove(call);
            taken = takeFreeing();
        }
        finish(taken);
    }

    /** With the lock held: what this thread must hand to {@link #finish}; null while calls are inside, and after the first time. */
    private @Nullable Runnable takeFreeing() {
        if (freeing == null || !inside.isEmpty()) {
            return null;
        }
        Runnable taken = freeing;
        freeing = null;
        beingFreed = true;
        engine.busy.add(this);
        return taken;
    }

    /** Frees the owner's memory, if this thread has to, and then the back end, if it was kept for this scope. */
    private void finish(@Nullable Runnable taken) {
        try {
            if (taken != null) {
                taken.run();
            }
        } finally {
            synchronized (lock) {
                beingFreed &= taken == null;
                if (isIdle()) {
                    engine.busy.remove(this);
                    lock.notifyAll();
                }
            }
            engine.freeIfUnused();
        }
    }

    /**
     * Loads an archive on this thread. The calls of its sessions are registered in this scope.
     *
     * @throws FailureException as {@link InferenceBackend#load} and {@link #call}
     */
    public BackendModel load(ArchiveSnapshot archive, BackendPlan plan) {
        return call("loading " + archive.name(), () -> {
            if (!engine.memory().isLimited()) {
                return new RegisteredModel(engine.backend().load(archive, plan), 0);
            }
            AtomicReference<@Nullable BackendModel> loaded = new AtomicReference<>();
            double growth = ResidentMemory.growthDuring(
                    () -> loaded.set(engine.backend().load(archive, plan)));
            return new RegisteredModel(Objects.requireNonNull(loaded.get()), Double.isNaN(growth) ? 0 : (long) growth);
        });
    }

    /** How many inputs of a shape one pass may have in the memory that passes have. */
    public int mostAtOnce(TensorShape shape) {
        return cost.mostAtOnce(shape.elements());
    }

    /** As {@link #mostAtOnce(TensorShape)}, for any input. */
    public int mostAtOnce(ModelInput input) {
        return cost.mostAtOnce(input.elements());
    }

    /** Why a pass over one input of this shape does not fit into the memory that passes have; null if it does. */
    public @Nullable Failure refusal(TensorShape shape) {
        return cost.refusal(shape.elements(), shape);
    }

    /** As {@link #refusal(TensorShape)}, for any input. */
    public @Nullable Failure refusal(ModelInput input) {
        return cost.refusal(input.elements(), input instanceof Tensor tensor ? tensor.shape() : input);
    }

    /** The calls whose {@linkplain EngineCall#age age} is at least the limit. */
    public List<EngineCall> overdue(Duration limit) {
        synchronized (lock) {
            return inside.stream()
                    .filter(call -> call.watched() && call.age().compareTo(limit) >= 0)
                    .toList();
        }
    }

    /**
     * Runs work if a call is still inside. The call cannot return while the work runs.
     *
     * @param work must be fast, and must not call into the engine
     * @return the result of the work, or false if the call has returned
     */
    public boolean whileInside(EngineCall call, BooleanSupplier work) {
        synchronized (lock) {
            return inside.contains(call) && work.getAsBoolean();
        }
    }

    /** Whether no call is inside, and the owner's memory is not being freed. */
    boolean isIdle() {
        synchronized (lock) {
            return inside.isEmpty() && !beingFreed;
        }
    }

    void ageCalls(long stepNanos, long nowNanos) {
        inside.forEach(call -> call.addAge(stepNanos, nowNanos));
    }

    /**
     * Refuses new calls, waits for the calls inside, and frees the owner's memory. If a call takes longer than the wait, it frees the
     * memory when it returns. Closing again waits again.
     *
     * @param free frees the owner's memory; runs once, when no call is inside, on this thread or on that of the last call
     * @return whether no call is inside and the memory is free
     */
    public boolean close(Duration wait, Runnable free) {
        Runnable taken;
        boolean idle;
        synchronized (lock) {
            if (!closed) {
                closed = true;
                freeing = free;
            }
            idle = awaitIdle(wait);
            taken = takeFreeing();
        }
        finish(taken);
        return idle;
    }

    /** With the lock held. */
    private boolean awaitIdle(Duration wait) {
        long until = System.nanoTime() + wait.toNanos();
        try {
            for (long left = wait.toNanos(); !isIdle() && left > 0; left = until - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(lock, left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return isIdle();
    }

    @Override
    public String toString() {
        return owner;
    }

    /** A model whose sessions register their calls. */
    private final class RegisteredModel implements BackendModel {

        private final BackendModel model;
        private final long bytes;

        /** @param bytes of native memory that the model holds */
        RegisteredModel(BackendModel model, long bytes) {
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
                public Map<String, Tensor> run(ModelInput input, long bytes, Consumer<TappedCall> calls) {
                    return cost.run(
                            List.of(input),
                            COPIES_OF_TAPPED_PASS,
                            () -> call("a verification of " + owner, () -> session.run(input, bytes, calls)));
                }

                @Override
                public List<Prediction> predict(List<? extends ModelInput> images) {
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
