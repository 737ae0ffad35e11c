package dev.gnserve.backend;

import static java.lang.System.Logger.Level.ERROR;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The engine of this process: a back end whose calls are registered while they run. The watchdog reads the register, and closing
 * waits for it. Thread-safe.
 *
 * <p>A thread in native code cannot be stopped, and the process crashes when memory is freed that the thread reads. So nothing is
 * freed while a call uses it: a model stays loaded as long as a call of its scope is inside the engine, and the back end as long as
 * any call is.
 */
public final class Engine implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Engine.class.getName());

    /** The watchdog looks once a second. After a longer gap, in which the process did not run, calls age by this much. */
    private static final long LONGEST_STEP_NANOS = Duration.ofSeconds(5).toNanos();

    /** Guards the register: the fields below and those of every scope. */
    final Object lock = new Object();

    /** The scopes that have a call inside, or whose owner's memory is being freed. */
    final Set<EngineScope> busy = new LinkedHashSet<>();

    private final InferenceBackend backend;
    private final PassMemory memory;
    private final LongSupplier nanos;
    private long lastLook;
    private boolean closed;
    private boolean freed;
    private boolean freeing;

    /** An engine whose passes may take any amount of memory. */
    public Engine(InferenceBackend backend) {
        this(backend, PassMemory.unlimited());
    }

    public Engine(InferenceBackend backend, PassMemory memory) {
        this(backend, memory, System::nanoTime);
    }

    /** An engine on another clock than {@link System#nanoTime()}. */
    Engine(InferenceBackend backend, PassMemory memory, LongSupplier nanos) {
        this.backend = backend;
        this.memory = memory;
        this.nanos = nanos;
        this.lastLook = nanos.getAsLong();
    }

    /**
     * A scope for the calls of one owner.
     *
     * @param owner for messages: {@code model x version 1}
     */
    public EngineScope scope(String owner) {
        return new EngineScope(this, owner);
    }

    public BackendDescription describe() {
        return backend.describe();
    }

    /** The number of native arrays that are open now, without the models' parameters. */
    public int openArrays() {
        return backend.openArrays();
    }

    /** Adds the time since the last call of this method to the age of every call inside. The watchdog calls it once a second. */
    public void ageCalls() {
        synchronized (lock) {
            long now = nanos.getAsLong();
            long step = Math.min(now - lastLook, LONGEST_STEP_NANOS);
            lastLook = now;
            busy.forEach(scope -> scope.ageCalls(step, now));
        }
    }

    /** The calls of all scopes whose {@linkplain EngineCall#age age} is at least the limit. */
    public List<EngineCall> overdue(Duration limit) {
        synchronized (lock) {
            return busy.stream().flatMap(scope -> scope.overdue(limit).stream()).toList();
        }
    }

    /** Whether no call of any scope is inside, and no memory is being freed. */
    public boolean isIdle() {
        synchronized (lock) {
            return busy.isEmpty() && !freeing;
        }
    }

    /** Refuses new calls and frees the back end, at once or when the last call returns. Closing again does nothing. */
    @Override
    public void close() {
        synchronized (lock) {
            closed = true;
            if (!busy.isEmpty()) {
                LOG.log(ERROR, "the engine stays loaded, because calls of " + busy + " do not return");
            }
        }
        freeIfUnused();
    }

    long nanos() {
        return nanos.getAsLong();
    }

    InferenceBackend backend() {
        return backend;
    }

    /** What passes and loaded models take of native memory. */
    public PassMemory memory() {
        return memory;
    }

    /**
     * Requires that the engine is open. Called with the lock held.
     *
     * @throws FailureException with {@code SHUTTING_DOWN} after {@link #close}
     */
    void requireOpen() {
        if (closed) {
            throw new FailureException(FailureCode.SHUTTING_DOWN, "the engine is closed");
        }
    }

    /** Frees the back end, once, if the engine is closed and no scope is busy. Called without the lock. */
    void freeIfUnused() {
        synchronized (lock) {
            if (!closed || freed || !busy.isEmpty()) {
                return;
            }
            freed = true;
            freeing = true;
        }
        try {
            backend.close();
        } finally {
            synchronized (lock) {
                freeing = false;
            }
        }
    }
}
