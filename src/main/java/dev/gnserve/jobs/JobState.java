package dev.gnserve.jobs;

/** Where a job is on its way. */
public enum JobState {
    /** It waits for a worker. */
    QUEUED,
    /** A worker has it. */
    RUNNING,
    /** Its answer has a status below 400. */
    SUCCEEDED,
    /** Its answer is a problem. */
    FAILED,
    /** It was cancelled before it had an answer. */
    CANCELLED
}
