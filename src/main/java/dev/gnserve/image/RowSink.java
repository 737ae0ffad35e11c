package dev.gnserve.image;

/** Takes finished rows of the upright original, each once, from the top. */
@FunctionalInterface
public interface RowSink {

    /**
     * Takes one row.
     *
     * @param y the row
     * @param values [channels, width]; valid during the call only
     */
    void accept(int y, float[] values);
}
