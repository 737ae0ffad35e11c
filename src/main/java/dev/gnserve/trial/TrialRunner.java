package dev.gnserve.trial;

import static java.lang.System.Logger.Level.DEBUG;

import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.backend.PassMemory;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tries archives in one process after the other, within limits of time and memory. A failure other than a loop counts only in a process
 * that has tried nothing before, so that no archive pays for the one before it. For one thread.
 */
final class TrialRunner implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(TrialRunner.class.getName());

    /** An archive can take some hundred megabytes in this time. */
    private static final Duration POLL = Duration.ofMillis(20);

    /** Of what passes may take: at first, a trial and requests fit side by side. */
    private static final int MEMORY_SHARE = 2;

    /** The process itself, with an engine that has loaded nothing, takes about half of this. */
    static final long LEAST_MEMORY = 256L << 20;

    /** However long it waits for a processor, a trial takes at most so many times its limit. */
    private static final int MOST_WAITING = 5;

    /** What the C++ library says when the system refuses memory. */
    private static final String NO_MEMORY = "std::bad_alloc";

    private final TrialProcess.Launcher launcher;
    private final TrialLimits limits;
    private final PassMemory memory;
    private final LongSupplier nanos;
    private final BooleanSupplier closing;
    private @Nullable TrialProcess process;
    private int tried;
    private @Nullable NoProcessException notStarted;
    private long notStartedUntil;

    TrialRunner(
            TrialProcess.Launcher launcher,
            TrialLimits limits,
            PassMemory memory,
            LongSupplier nanos,
            BooleanSupplier closing) {
        this.launcher = launcher;
        this.limits = limits;
        this.memory = memory;
        this.nanos = nanos;
        this.closing = closing;
    }

    /** Starts the process if there is none; why there is none is learned from {@link #run}. */
    void prepare() {
        try {
            TrialProcess unused = running();
        } catch (NoProcessException e) {
            LOG.log(DEBUG, "no trial process", e);
        }
    }

    /**
     * Tries an archive with a part of the memory of passes. If that is too little, with all of it, as in the service.
     *
     * @param limit of the time that it may take
     */
    Outcome run(Candidate candidate, Duration limit) {
        if (!memory.isLimited()) {
            return run(candidate, limit, MemoryShare.UNLIMITED);
        }
        Outcome outcome = run(candidate, limit, MemoryShare.PART);
        if (!isForMemory(outcome)) {
            return outcome;
        }
        LOG.log(DEBUG, () -> candidate + " is tried again with all of the memory of passes: " + outcome.reason());
        return run(candidate, limit, MemoryShare.ALL);
    }

    private enum MemoryShare {
        PART,
        ALL,
        UNLIMITED
    }

    private Outcome run(Candidate candidate, Duration limit, MemoryShare share) {
        while (true) {
            Outcome outcome;
            boolean fresh = true;
            try {
                TrialProcess running = running();
                fresh = tried++ == 0;
                outcome = lent(candidate, running, limit, share);
            } catch (NoProcessException e) {
                outcome = e.outcome();
            }
            if (!(outcome instanceof Outcome.Passed)) {
                close();
            }
            if (fresh || !mayComeFromBefore(outcome)) {
                return outcome;
            }
            String why = outcome.reason();
            LOG.log(DEBUG, () -> candidate + " is tried again in a fresh process: " + why);
        }
    }

    /** Whether what the process tried before may be the reason. */
    private static boolean mayComeFromBefore(Outcome outcome) {
        return outcome instanceof Outcome.Died || isForMemory(outcome);
    }

    private static boolean isForMemory(Outcome outcome) {
        return outcome instanceof Outcome.TooMuch
                || (outcome instanceof Outcome.Refused refused
                        && refused.why().toLowerCase(Locale.ROOT).contains("memory"));
    }

    private static final class NoProcessException extends Exception {

        private static final long serialVersionUID = 1L;

        private final transient Outcome outcome;

        NoProcessException(Outcome outcome) {
            this.outcome = outcome;
        }

        Outcome outcome() {
            return outcome;
        }
    }

    private TrialProcess running() throws NoProcessException {
        TrialProcess known = process;
        if (known != null && known.end() == null) {
            return known;
        }
        close();
        NoProcessException before = notStarted;
        if (before != null && nanos.getAsLong() < notStartedUntil) {
            throw before;
        }
        notStarted = null;
        try {
            TrialProcess started = launcher.start();
            process = started;
            tried = 0;
            awaitReady(started);
            return started;
        } catch (IOException | OutOfMemoryError e) { // The error is of the system, which has no more threads.
            throw notStarted("the system starts no process: " + e.getMessage());
        }
    }

    /** What does not start now need not be tried again for every archive that waits. */
    private NoProcessException notStarted(String why) {
        NoProcessException reason = new NoProcessException(new Outcome.NoTrial(why));
        notStarted = reason;
        notStartedUntil = nanos.getAsLong() + limits.start().toNanos();
        return reason;
    }

    private void awaitReady(TrialProcess started) throws NoProcessException {
        long until = nanos.getAsLong() + limits.start().toNanos();
        while (true) {
            Reply reply = started.await(POLL);
            if (reply != null && reply.kind() == Reply.Kind.READY) {
                return;
            }
            String end = started.end();
            String why = null;
            if (reply != null && reply.kind() == Reply.Kind.UNABLE) {
                why = reply.text();
            } else if (end != null) {
                why = "the process ended with " + end + " before it began: " + started.lastWords();
            } else if (nanos.getAsLong() > until) {
                why = "the process did not begin in " + limits.start().toSeconds() + " s";
            }
            if (closing.getAsBoolean()) {
                throw new NoProcessException(new Outcome.Closed());
            }
            if (why != null) {
                close();
                throw notStarted(why);
            }
        }
    }

    /** Tries an archive with memory that passes lend. */
    private Outcome lent(Candidate candidate, TrialProcess running, Duration limit, MemoryShare share) {
        if (share == MemoryShare.UNLIMITED) {
            return attempt(candidate, running, limit, Long.MAX_VALUE, Long.MAX_VALUE);
        }
        long half = memory.total() / MEMORY_SHARE;
        if (half < LEAST_MEMORY) {
            return new Outcome.NoTrial("it needs %,d MB of memory, and half of what passes may take is %,d MB"
                    .formatted(LEAST_MEMORY >> 20, half >> 20));
        }
        long part = share == MemoryShare.PART ? half : memory.total();
        memory.lend(part);
        try {
            while (memory.isOverdrawn()) {
                if (closing.getAsBoolean()) {
                    return new Outcome.Closed();
                }
                Reply unused = running.await(POLL);
            }
            // All is what the service has beside itself, so the process comes on top of it.
            long own = running.memory();
            long most = share == MemoryShare.PART ? part : part + own;
            running.limitMemory(most + Math.min(most / 2, LEAST_MEMORY));
            return attempt(candidate, running, limit, most, Math.max(0, most - own));
        } finally {
            memory.takeBack(part);
        }
    }

    /**
     * Tries an archive.
     *
     * @param mostBytes that the process may have
     * @param passBytes that passes may have of it
     */
    private Outcome attempt(Candidate candidate, TrialProcess running, Duration limit, long mostBytes, long passBytes) {
        long begin = nanos.getAsLong();
        List<RepairedArchive.Replacement> replaced = new ArrayList<>();
        String when = "while it was loaded";
        try {
            running.send(candidate.request(passBytes));
        } catch (OutOfMemoryError e) { // The system has no more threads.
            return new Outcome.NoTrial("the archive cannot be sent: " + e.getMessage());
        }
        while (true) {
            String end = running.end(); // Asked before the replies: what it wrote until then is read after that.
            Reply reply = running.await(POLL);
            if (reply != null) {
                switch (reply.kind()) {
                    case READY, LOADING -> when = "while it was loaded";
                    case RUNNING -> when = "while it was warmed up";
                    case REPLACED ->
                        replaced.add(JsonMapper.shared().readValue(reply.text(), RepairedArchive.Replacement.class));
                    case PASSED -> {
                        return new Outcome.Passed(replaced);
                    }
                    case REFUSED -> {
                        return reply.text().contains(NO_MEMORY)
                                ? new Outcome.TooMuch(mostBytes, when)
                                : new Outcome.Refused(reply.text());
                    }
                    case UNABLE -> {
                        return new Outcome.NoTrial(reply.text());
                    }
                }
            } else if (end != null) {
                return new Outcome.Died(end, when);
            }
            long taken = running.memory();
            if (taken > mostBytes) {
                return new Outcome.TooMuch(mostBytes, when);
            } else if (isTooLong(running, limit, nanos.getAsLong() - begin)) {
                return new Outcome.TooLong(limit, when);
            } else if (memory.isOverdrawn()) {
                return new Outcome.GaveWay();
            } else if (closing.getAsBoolean()) {
                return new Outcome.Closed();
            }
        }
    }

    /**
     * The time in which the process waited for a processor does not count: requests come first, and a trial must not fail for them. But
     * threads that an archive starts by the hundred wait for each other.
     */
    private static boolean isTooLong(TrialProcess running, Duration limit, long nanos) {
        return nanos > limit.toNanos()
                && (nanos > MOST_WAITING * limit.toNanos()
                        || nanos - running.waited().toNanos() > limit.toNanos());
    }

    /** Ends the process, if there is one. */
    @Override
    public void close() {
        TrialProcess known = process;
        process = null;
        if (known != null) {
            known.close();
        }
    }
}
