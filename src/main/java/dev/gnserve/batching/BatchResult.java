package dev.gnserve.batching;

import java.util.List;

/**
 * What a {@link BatchRunner} returns for a batch.
 *
 * @param results one per item, in the order of the items
 * @param stages how long the batch took
 */
public record BatchResult<R>(List<R> results, StageTimes stages) {

    public BatchResult {
        results = List.copyOf(results);
    }
}
