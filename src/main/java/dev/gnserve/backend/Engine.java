package dev.gnserve.backend;

import static java.lang.System.Logger.Level.ERROR;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * The engine of this process: a back end whose every call is registered while it lasts. The watchdog reads the register; closing
 * respects it. Thread-safe.
 *
 * <p>A thread inside native code cannot be stopped, and freeing what it reads takes the process down. So nothing is freed under a
 * call: not its model, and not the back end, which stays as long as a call of any scope is inside.
 */
public final class Engine implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Engine.class.getName());

    /** The watchdog looks once a second; a longer gap is one in which the process did not run. */
    private static final long LONGEST_STEP_NANOS = Duration.ofSeconds(5).toNanos();

    private final InferenceBackend backend;
    private final LongSupplier nanos;
    private final Object lock = new Object();
    private final Map<EngineScope, Integer> busy = new HashMap<>(); // guarded by lock, as what follows
    private boolean closed;
    private boolean freed;
    private boolean freeing;
    private long lastLook;

    public Engine(InferenceBackend backend) {
        this(backend, System::nanoTime);
    }

    /** An engine on another clock than {@link System#nanoTime()}. */
    Engine(InferenceBackend backend, LongSupplier nanos) {
        this.backend = backend;
        this.nanos = nanos;
        this.lastLook = nanos.getAsLong();
    }

    /**
     * A scope for the calls of one owner.
     *
     * @param owner for messages, as {@code model x version 1}
     */
    public EngineScope scope(String owner) {
        return new EngineScope(this, owner);
    }

    public BackendDescription describe() {
        return backend.describe();
    }

    /** How many native arrays are open now, apart from the models' own parameters. */
    public int openArrays() {
        return backend.openArrays();
    }

    /** The watchdog's look, to be taken about once a second: every call inside grows older by the time since the last look. */
    public void ageCalls() {
        List<EngineScope> scopes;
        long now = nanos.getAsLong();
        long step;
        synchronized (lock) {
            step = Math.min(now - lastLook, LONGEST_STEP_NANOS);
            lastLook = now;
            scopes = List.copyOf(busy.keySet());
        }
        scopes.forEach(scope -> scope.grow(step, now));
    }

    /** The calls of all scopes that have been inside for at least this long. */
    public List<EngineCall> overdue(Duration limit) {
        List<EngineScope> scopes;
        synchronized (lock) {
            scopes = List.copyOf(busy.keySet());
        }
        return scopes.stream().flatMap(scope -> scope.overdue(limit).stream()).toList();
    }

    /** Whether no call of any scope is inside, and no thread frees the back end. */
    public boolean isIdle() {
        synchronized (lock) {
            return busy.isEmpty() && !freeing;
        }
    }

    /** Frees the back end: at once, or when the last call has returned. Closing again does nothing. */
    @Override
    public void close() {
        boolean now;
        synchronized (lock) {
            closed = true;
            now = takeFreeing();
            if (!busy.isEmpty()) {
                LOG.log(ERROR, () -> "the engine stays loaded: " + busy.keySet() + " have calls that do not return");
            }
        }
        if (now) {
            free();
        }
    }

    /** The engine's clock. */
    long nanos() {
        return nanos.getAsLong();
    }

    InferenceBackend backend() {
        return backend;
    }

    /**
     * Counts a call of a scope, which ends with {@link #unregister}.
     *
     * @throws dev.gnserve.failure.FailureException with {@code SHUTTING_DOWN} after {@link #close}
     */
    void register(EngineScope scope) {
        synchronized (lock) {
            if (closed) {
                throw Failure.of(FailureCode.SHUTTING_DOWN, "the engine is closed")
                        .asException();
            }
            busy.merge(scope, 1, Integer::sum);
        }
    }

    /** Counts the freeing of what a scope holds, which is allowed until the end. */
    void registerFreeing(EngineScope scope) {
        synchronized (lock) {
            busy.merge(scope, 1, Integer::sum);
        }
    }

    void unregister(EngineScope scope) {
        boolean now;
        synchronized (lock) {
            busy.compute(scope, (any, count) -> count == null || count == 1 ? null : count - 1);
            now = takeFreeing();
        }
        if (now) {
            free();
        }
    }

    /** With the lock held: whether the caller is the one that frees the back end. */
    private boolean takeFreeing() {
        boolean now = closed && !freed && busy.isEmpty();
        freed |= now;
        freeing |= now;
        return now;
    }

    private void free() {
        try {
            backend.close();
        } finally {
            synchronized (lock) {
                freeing = false;
            }
        }
    }
}
