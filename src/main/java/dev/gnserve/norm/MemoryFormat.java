package dev.gnserve.norm;

/** The order of the values in memory, named as in PyTorch. */
public enum MemoryFormat {
    /** (N, C, *): the positions of a channel are neighbours. */
    CONTIGUOUS,
    /** (N, *, C): the channels of a position are neighbours. */
    CHANNELS_LAST
}
