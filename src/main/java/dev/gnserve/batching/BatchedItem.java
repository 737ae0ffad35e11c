package dev.gnserve.batching;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One item of a batch.
 *
 * @param queueWait from its arrival to the start of the batch; of an item that runs again, this takes in its first run
 * @param origin what {@link BatchListener#submitted} gave for it
 */
public record BatchedItem(Duration queueWait, @Nullable Object origin) {}
