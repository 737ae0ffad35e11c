package dev.gnserve.batching;

import java.time.Duration;

/**
 * The times of one item.
 *
 * @param queueWait from its arrival to the start of its batch
 * @param stages times of its batch
 * @param batchSize number of items in its batch
 */
public record BatchTiming(Duration queueWait, StageTimes stages, int batchSize) {}
