package dev.gnserve.jobs;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One job and how far it is. Thread-safe: its worker writes, and requests read. */
final class Job {

    private final String id;
    private final StoredRequest request;
    private final int cutOff;
    private @Nullable Instant started; // guarded by this, as the fields below
    private int inputs;
    private int inputsDone;
    private @Nullable JobOutcome outcome;

    /**
     * Knows a job from the disk.
     *
     * @param cutOff how many runs ended with their process
     * @param outcome null for a job that is not finished
     */
    Job(String id, StoredRequest request, int cutOff, @Nullable JobOutcome outcome) {
        this.id = id;
        this.request = request;
        this.cutOff = cutOff;
        this.outcome = outcome;
    }

    /** How many runs ended with their process, before this one started. */
    int cutOff() {
        return cutOff;
    }

    String id() {
        return id;
    }

    StoredRequest request() {
        return request;
    }

    synchronized @Nullable JobOutcome outcome() {
        return outcome;
    }

    synchronized @Nullable Instant started() {
        return started;
    }

    /** A run begins, the first one or another after a refusal. */
    synchronized void runs(Instant now) {
        started = started == null ? now : started;
        inputs = 0;
        inputsDone = 0;
    }

    synchronized void expects(int more) {
        inputs += more;
    }

    synchronized void inputDone() {
        inputsDone++;
    }

    /** Ends the job, if it is not finished yet. Returns whether it was not finished before. */
    synchronized boolean finish(JobOutcome end) {
        if (outcome != null) {
            return false;
        }
        outcome = end;
        notifyAll();
        return true;
    }

    /** Waits, for less time if the job is finished meanwhile. */
    synchronized void await(Duration time) throws InterruptedException {
        long until = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0 && outcome == null; left = until - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    synchronized JobState state() {
        return outcome != null ? outcome.state() : started != null ? JobState.RUNNING : JobState.QUEUED;
    }

    /** @param keep how long a finished job is kept */
    synchronized JobDescription describe(Duration keep) {
        JobOutcome end = outcome;
        return new JobDescription(
                id,
                request.model(),
                request.version(),
                request.operation(),
                state(),
                request.submitted(),
                end == null ? started : end.started(),
                end == null ? null : end.finished(),
                end == null ? null : end.finished().plus(keep),
                inputs == 0 ? null : new JobDescription.Progress(inputsDone, inputs),
                end == null ? null : end.problem());
    }
}
