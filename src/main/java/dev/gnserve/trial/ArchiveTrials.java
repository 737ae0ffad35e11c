package dev.gnserve.trial;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.FileOperator;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.PassMemory;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ArchiveTrial;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Judges archives in two steps. First this process reads the archive as data: its structure, its pickles, and the operators that its code
 * names. Then another process loads it exactly as the service would: there it may loop, take memory or crash. One thread runs all
 * trials, and owns that process. Thread-safe.
 */
public final class ArchiveTrials implements ArchiveTrial, AutoCloseable {

    private static final System.Logger LOG = System.getLogger(ArchiveTrials.class.getName());

    /** A trial that gave way to requests so often goes on after all others; one that did so twice as often ends. */
    private static final int MOST_WAYS = 5;

    private static final Duration LONGEST_END = Duration.ofSeconds(15);

    private final TrialProcess.@Nullable Launcher launcher;
    private final boolean allowFileOperators;
    private final TrialLimits limits;
    private final PassMemory memory;
    private final LongSupplier nanos;
    private final AtomicLong arrivals = new AtomicLong();
    private final Object reading = new Object();
    private final Object lock = new Object();
    private final PriorityQueue<Candidate> waiting =
            new PriorityQueue<>(Candidate.ORDER); // guarded by lock, as what follows
    private @Nullable Thread thread;
    private volatile boolean closed;
    private boolean withoutTrials; // as the log says; of the thread of trials, as what follows
    private int tooLong; // how many trials in a row were

    /**
     * Judges archives.
     *
     * @param arguments of this program that start the other process; null if archives are only read
     * @param allowFileOperators whether code may read and write files
     * @param memory of which a trial takes a part
     */
    public ArchiveTrials(
            @Nullable List<String> arguments, boolean allowFileOperators, TrialLimits limits, PassMemory memory) {
        this(
                arguments == null ? null : () -> ChildProcess.start(arguments),
                allowFileOperators,
                limits,
                memory,
                System::nanoTime);
    }

    ArchiveTrials(
            TrialProcess.@Nullable Launcher launcher,
            boolean allowFileOperators,
            TrialLimits limits,
            PassMemory memory,
            LongSupplier nanos) {
        this.launcher = launcher;
        this.allowFileOperators = allowFileOperators;
        this.limits = limits;
        this.memory = memory;
        this.nanos = nanos;
    }

    @Override
    public CompletableFuture<Void> judge(ModelSource source, ArchiveSnapshot archive, Consumer<String> whenPostponed) {
        Candidate candidate;
        try {
            synchronized (reading) { // One at a time: hostile archives may need much of the heap to be read.
                read(archive.torchScript());
                candidate = Candidate.of(source, archive, whenPostponed, arrivals.incrementAndGet());
            }
        } catch (IOException | RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
        if (launcher == null) {
            return CompletableFuture.completedFuture(null);
        }
        enqueue(candidate);
        return candidate.verdict().thenApply(replaced -> null);
    }

    private void read(TorchScriptArchive archive) {
        List<FileOperator> operators = FileOperator.in(archive);
        if (!operators.isEmpty() && !allowFileOperators) {
            throw refused("its code calls " + operators.get(0)
                    + ", which can read or write files or reach other processes. Export the model without it, or allow"
                    + " such operators with gnserve.archives.allow-file-operators=true");
        }
    }

    /**
     * Loads an archive in the other process and nothing more. Waits for it.
     *
     * @return the operators that the engine does not have and that were replaced
     * @throws FailureException if the archive cannot be loaded, or no process started
     */
    public List<RepairedArchive.Replacement> load(ArchiveSnapshot archive) {
        if (launcher == null) {
            throw refused("archives are only read here");
        }
        Candidate candidate = Candidate.of(archive, arrivals.incrementAndGet());
        enqueue(candidate);
        try {
            return candidate.verdict().join();
        } catch (CompletionException e) {
            Failure refusal = Failure.in(e);
            if (refusal == null) {
                throw e;
            }
            throw refusal.asException();
        }
    }

    private void enqueue(Candidate candidate) {
        synchronized (lock) {
            if (closed) {
                candidate.verdict().completeExceptionally(closing());
                return;
            }
            waiting.add(candidate);
            lock.notifyAll();
            if (thread == null) {
                Thread started = new Thread(this::work, "model-trial");
                started.setDaemon(true);
                try {
                    started.start();
                    thread = started;
                } catch (OutOfMemoryError e) { // The system has no more threads.
                    waiting.remove(candidate);
                    decide(candidate, new Outcome.NoTrial("the system starts no thread"), limits.first());
                }
            }
        }
    }

    private void work() {
        TrialProcess.Launcher from = Objects.requireNonNull(launcher, "candidates come where there is one");
        try (TrialRunner runner = new TrialRunner(from, limits, memory, nanos, () -> closed)) {
            while (isComing()) {
                runner.prepare(); // It takes a while, in which more may come: the best of them is tried first.
                Candidate next = next();
                if (next != null) {
                    trial(runner, next);
                }
            }
        }
    }

    /** Waits for a candidate. False if none comes for a while, or all is over: this thread then ends. */
    private boolean isComing() {
        long until = nanos.getAsLong() + limits.idle().toNanos();
        synchronized (lock) {
            while (closed || waiting.isEmpty()) {
                long left = until - nanos.getAsLong();
                if (closed || left <= 0) {
                    thread = null;
                    return false;
                }
                try {
                    TimeUnit.NANOSECONDS.timedWait(lock, left);
                } catch (InterruptedException e) {
                    LOG.log(DEBUG, "the thread of trials goes on", e);
                }
            }
            return true;
        }
    }

    /** Null when all were refused meanwhile. */
    private @Nullable Candidate next() {
        synchronized (lock) {
            return waiting.poll();
        }
    }

    /** How many archives wait for their trial. */
    int waiting() {
        synchronized (lock) {
            return waiting.size();
        }
    }

    private void trial(TrialRunner runner, Candidate candidate) {
        Duration limit = switch (candidate.round()) {
            case FIRST -> limits.firstAfter(tooLong);
            case SECOND -> limits.first();
            case LAST -> limits.longest();
        };
        try {
            if (!candidate.isWanted()) {
                candidate.verdict().completeExceptionally(refused("it was closed while it waited for its trial"));
                return;
            }
            Outcome outcome = runner.run(candidate, limit);
            LOG.log(DEBUG, () -> candidate + ": " + outcome);
            tooLong = outcome instanceof Outcome.TooLong ? tooLong + 1 : 0;
            decide(candidate, outcome, limit);
        } catch (RuntimeException | Error e) {
            candidate.verdict().completeExceptionally(e);
        }
    }

    private void decide(Candidate candidate, Outcome outcome, Duration limit) {
        if (outcome instanceof Outcome.Passed passed) {
            withoutTrials = false;
            candidate.verdict().complete(passed.replaced());
        } else if (outcome instanceof Outcome.TooLong && limit.compareTo(limits.longest()) < 0) {
            TrialRound next = limit.compareTo(limits.first()) < 0 ? TrialRound.SECOND : TrialRound.LAST;
            postpone(candidate, next, "its trial takes longer than " + limit.toSeconds() + " s");
        } else if (outcome instanceof Outcome.GaveWay) {
            int ways = candidate.giveWay();
            if (ways == 2 * MOST_WAYS) {
                candidate.verdict().completeExceptionally(refused(outcome.reason()));
            } else if (ways == MOST_WAYS) {
                postpone(candidate, TrialRound.LAST, "requests need the memory of its trial");
            } else {
                enqueue(candidate);
            }
        } else if (outcome instanceof Outcome.NoTrial && candidate.serves()) {
            LOG.log(
                    withoutTrials ? DEBUG : WARNING,
                    () -> candidate + " is loaded without a trial: " + outcome.reason()
                            + ". Until this changes, an archive that loops or crashes does so in the service itself");
            withoutTrials = true;
            candidate.verdict().complete(List.of());
        } else {
            candidate
                    .verdict()
                    .completeExceptionally(outcome instanceof Outcome.Closed ? closing() : refused(outcome.reason()));
        }
    }

    private void postpone(Candidate candidate, TrialRound next, String why) {
        String what = why + " and goes on after those of other models";
        LOG.log(INFO, () -> candidate + ": " + what);
        candidate.postpone(next, what);
        enqueue(candidate);
    }

    private static FailureException refused(String why) {
        return Failure.of(FailureCode.MODEL_UNAVAILABLE, why).asException();
    }

    private static FailureException closing() {
        return Failure.of(FailureCode.SHUTTING_DOWN, "the service is being closed")
                .asException();
    }

    /** Ends the process and refuses what waits. Closing again does nothing. */
    @Override
    public void close() {
        List<Candidate> left;
        Thread working;
        synchronized (lock) {
            closed = true;
            left = List.copyOf(waiting);
            waiting.clear();
            working = thread;
            lock.notifyAll();
        }
        left.forEach(candidate -> candidate.verdict().completeExceptionally(closing()));
        if (working != null) {
            try {
                working.join(LONGEST_END.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
