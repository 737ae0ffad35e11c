package dev.gnserve.batching;

import static java.lang.System.Logger.Level.ERROR;
import static java.lang.System.Logger.Level.WARNING;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * The workers of a batcher: threads that take batches from the queue and run them. The first one starts with the batcher. Another one
 * starts when items wait and all others are busy. A worker that finds no batch for a while ends, and the next one continues with its
 * runner: a model without requests takes no thread. Thread-safe.
 *
 * <p>No item is left without a worker. An item is first queued, and then {@link #wake} looks for a worker. A worker first counts as
 * ended, and then looks at the queue once more. Whichever of the two comes second sees the other.
 */
final class Workers<T, R> {

    private static final System.Logger LOG = System.getLogger(Workers.class.getName());

    /** What the workers do, and what happens when one dies. */
    interface Work<T, R> {

        /** Runs a batch. */
        void run(BatchRunner<T, R> runner, List<PendingItem<T, R>> batch);

        /** Makes the runner of the worker that replaces a dead one. */
        BatchRunner<T, R> replace(BatchRunner<T, R> dead, Throwable cause);

        /** No worker can go on. */
        void breakDown(String why, @Nullable Throwable cause);

        /** No thread can be made now. Items that wait must not wait longer; later items are tried again. */
        void failWaiting(String why, Throwable cause);
    }

    private final String model;
    private final BatchQueue<T, R> queue;
    private final ThreadFactory factory;
    private final Duration longestIdle;
    private final Work<T, R> work;
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final List<Thread> threads = new CopyOnWriteArrayList<>();
    private final Object lock = new Object();
    private final Deque<BatchRunner<T, R>> resting =
            new ArrayDeque<>(); // without a thread; guarded by lock, as what follows
    private int alive;
    private int idle;
    private boolean closing;

    /**
     * Workers without threads.
     *
     * @param model for messages
     * @param longestIdle how long a worker without a batch keeps its thread
     */
    Workers(String model, BatchQueue<T, R> queue, ThreadFactory factory, Duration longestIdle, Work<T, R> work) {
        this.model = model;
        this.queue = queue;
        this.factory = factory;
        this.longestIdle = longestIdle;
        this.work = work;
    }

    /** Starts the worker of the first runner; the others wait for {@link #wake}. */
    void start(List<? extends BatchRunner<T, R>> runners) {
        synchronized (lock) {
            resting.addAll(runners);
            startOne(resting.pop(), ready);
        }
    }

    /** Completes when the first worker is prepared, exceptionally when it cannot be. */
    CompletableFuture<Void> ready() {
        return ready;
    }

    /** To be called after an item was queued. */
    void wake() {
        Throwable failure = null;
        synchronized (lock) {
            if (idle > 0 || closing || resting.isEmpty()) {
                return;
            }
            BatchRunner<T, R> runner = resting.pop();
            try {
                startOne(runner, new CompletableFuture<>());
            } catch (RuntimeException | Error e) {
                resting.push(runner);
                if (alive == 0) {
                    failure = e;
                } else {
                    LOG.log(WARNING, () -> model + " goes on with " + alive + " workers: another cannot start: " + e);
                }
            }
        }
        if (failure != null) {
            work.failWaiting("no thread can be started for " + model, failure);
        }
    }

    /** With the lock held. */
    private void startOne(BatchRunner<T, R> runner, CompletableFuture<Void> prepared) {
        Thread thread = factory.newThread(() -> work(runner, prepared));
        alive++;
        threads.add(thread);
        try {
            thread.start();
        } catch (RuntimeException | Error e) {
            alive--;
            threads.remove(thread);
            throw e;
        }
    }

    private void work(BatchRunner<T, R> runner, CompletableFuture<Void> prepared) {
        boolean rests = false;
        Throwable death = null;
        try {
            runner.prepare();
            prepared.complete(null);
            rests = takeBatches(runner);
        } catch (Throwable thrown) {
            death = thrown;
        } finally {
            if (!rests) {
                runner.close();
            }
        }
        if (death != null && prepared.completeExceptionally(death)) {
            leaveUnprepared(prepared, death);
        } else if (death != null) {
            replace(runner, death);
        }
    }

    /** Returns whether the worker rests; otherwise the queue is closed and empty. */
    private boolean takeBatches(BatchRunner<T, R> runner) {
        while (true) {
            List<PendingItem<T, R>> batch = takeOne();
            if (batch == null) {
                return false;
            }
            if (batch.isEmpty()) {
                if (rests(runner)) {
                    return true;
                }
                continue;
            }
            if (queue.size() > 0) {
                wake();
            }
            work.run(runner, batch);
        }
    }

    private @Nullable List<PendingItem<T, R>> takeOne() {
        synchronized (lock) {
            idle++;
        }
        try {
            return queue.take(longestIdle);
        } finally {
            synchronized (lock) {
                idle--;
            }
        }
    }

    private boolean rests(BatchRunner<T, R> runner) {
        synchronized (lock) {
            if (closing || queue.size() > 0) {
                return false;
            }
            alive--;
            threads.remove(Thread.currentThread());
            resting.push(runner);
            return true;
        }
    }

    /** The first worker ends the start of the model; that of a later one is given up, as long as others are there. */
    private void leaveUnprepared(CompletableFuture<Void> prepared, Throwable cause) {
        boolean isLast;
        synchronized (lock) {
            alive--;
            isLast = alive == 0;
        }
        if (prepared != ready && !isLast) {
            LOG.log(WARNING, () -> model + " goes on without a further worker, which cannot be prepared", cause);
        } else if (prepared != ready) {
            work.breakDown("no worker of " + model + " can be prepared", cause);
        }
    }

    /** On the thread that dies, so that closing waits for this thread and then for the new one. */
    private void replace(BatchRunner<T, R> dead, Throwable cause) {
        LOG.log(ERROR, () -> "a worker of " + model + " died; another replaces it", cause);
        String why = "a dead worker of " + model + " could not be replaced";
        try {
            BatchRunner<T, R> next = work.replace(dead, cause);
            CompletableFuture<Void> prepared = new CompletableFuture<>();
            CompletableFuture<Void> unused = prepared.whenComplete((done, thrown) -> {
                if (thrown != null) {
                    work.breakDown(why, cause);
                }
            });
            synchronized (lock) {
                alive--;
                startOne(next, prepared);
            }
        } catch (RuntimeException | Error e) {
            e.addSuppressed(cause);
            work.breakDown(why, e);
        }
    }

    /**
     * Waits until the workers have ended, after the queue was closed; starts one if only resting ones could run what was accepted.
     *
     * @return whether all have ended
     */
    boolean awaitEnd(Duration time) {
        boolean ended = true;
        try {
            startLast();
            long until = System.nanoTime() + time.toNanos();
            for (int i = 0; i < threads.size(); i++) { // By number: a worker may be replaced meanwhile.
                Thread worker = threads.get(i);
                long leftMillis = Math.max(0, (until - System.nanoTime()) / 1_000_000);
                if (leftMillis > 0) {
                    worker.join(leftMillis);
                }
                ended &= !worker.isAlive();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            ended = false;
        }
        synchronized (lock) {
            resting.forEach(BatchRunner::close);
            resting.clear();
        }
        return ended;
    }

    private void startLast() {
        if (queue.size() > 0) {
            wake();
        }
        synchronized (lock) {
            closing = true;
        }
    }
}
