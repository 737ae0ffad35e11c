package dev.gnserve.batching;

import java.time.Duration;

/**
 * The times of one item.
 *
 * @param queueWait from its arrival to the moment a worker took it
 * @param stages of the batch that it ran in
 * @param batchSize how many items that batch had
 */
public record BatchTiming(Duration queueWait, StageTimes stages, int batchSize) {}
