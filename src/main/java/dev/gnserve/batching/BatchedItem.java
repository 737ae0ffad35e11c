package dev.gnserve.batching;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One item of a batch.
 *
 * @param queueWait from its arrival to the start of the batch; for an item that runs again, its first batch included
 * @param origin what {@link BatchListener#submitted} returned for it
 */
public record BatchedItem(Duration queueWait, @Nullable Object origin) {}
