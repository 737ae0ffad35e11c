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
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
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

    /** A trial that gave way to requests more often goes on after all others. */
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
    private boolean withoutTrials; // as the log says; of the thread of trials

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
    public void require(ModelSource source, ArchiveSnapshot archive, Consumer<String> whenPostponed) {
        Candidate candidate;
        synchronized (reading) { // One at a time: hostile archives may need much of the heap to be read.
            read(archive.torchScript());
            candidate = Candidate.of(source, archive, whenPostponed, arrivals.incrementAndGet());
        }
        if (launcher != null) {
            List<RepairedArchive.Replacement> unused = trial(candidate);
        }
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
     * Loads an archive in the other process and nothing more.
     *
     * @return the operators that the engine does not have and that were replaced
     * @throws FailureException if the archive cannot be loaded, or no process started
     */
    public List<RepairedArchive.Replacement> load(ArchiveSnapshot archive) {
        if (launcher == null) {
            throw refused("archives are only read here");
        }
        return trial(Candidate.of(archive, arrivals.incrementAndGet()));
    }

    private List<RepairedArchive.Replacement> trial(Candidate candidate) {
        enqueue(candidate);
        try {
            return candidate.verdict().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof FailureException refusal) {
                throw refusal;
            }
            throw e;
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
                thread = started;
                started.start();
            }
        }
    }

    private void work() {
        TrialProcess.Launcher from = Objects.requireNonNull(launcher, "candidates come where there is one");
        try (TrialRunner runner = new TrialRunner(from, limits, memory, nanos, () -> closed)) {
            for (Candidate next = next(); next != null; next = next()) {
                try {
                    decide(next, runner.run(next));
                } catch (RuntimeException | Error e) {
                    next.verdict().completeExceptionally(e);
                }
            }
        }
    }

    /** The next candidate; null if none comes for a while, or all is over: this thread then ends. */
    private @Nullable Candidate next() {
        long until = nanos.getAsLong() + limits.idle().toNanos();
        synchronized (lock) {
            while (true) {
                if (!closed && !waiting.isEmpty()) {
                    return waiting.remove();
                }
                long left = until - nanos.getAsLong();
                if (closed || left <= 0) {
                    thread = null;
                    return null;
                }
                try {
                    TimeUnit.NANOSECONDS.timedWait(lock, left);
                } catch (InterruptedException e) {
                    LOG.log(DEBUG, "the thread of trials goes on", e);
                }
            }
        }
    }

    private void decide(Candidate candidate, Outcome outcome) {
        LOG.log(DEBUG, () -> candidate + ": " + outcome);
        boolean mayComeLater = !candidate.isPostponed();
        if (outcome instanceof Outcome.Passed passed) {
            withoutTrials = false;
            candidate.verdict().complete(passed.replaced());
        } else if (outcome instanceof Outcome.TooLong tooLong && mayComeLater && limits.hasSecond()) {
            postpone(candidate, "its trial takes longer than " + tooLong.limit().toSeconds() + " s");
        } else if (outcome instanceof Outcome.GaveWay) {
            if (mayComeLater && candidate.giveWay() >= MOST_WAYS) {
                postpone(candidate, "requests need the memory of its trial");
            } else {
                enqueue(candidate);
            }
        } else if (outcome instanceof Outcome.NoTrial && candidate.serves()) {
            LOG.log(
                    withoutTrials ? DEBUG : WARNING,
                    () -> candidate + " is loaded although " + outcome.reason()
                            + "; so are others from now on. An archive that loops or crashes then does so in this process");
            withoutTrials = true;
            candidate.verdict().complete(List.of());
        } else {
            candidate
                    .verdict()
                    .completeExceptionally(outcome instanceof Outcome.Closed ? closing() : refused(outcome.reason()));
        }
    }

    private void postpone(Candidate candidate, String why) {
        String what = why + " and goes on after those of other models";
        LOG.log(INFO, () -> candidate + ": " + what);
        candidate.postpone(what);
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
