package dev.gnserve.jobs;

/**
 * Event: a job has ended. Published once for each job.
 *
 * @param state SUCCEEDED, FAILED or CANCELLED
 */
public record JobFinished(JobState state) {}
