package dev.gnserve.norm;

/** How the values of an input lie in its array, by the names PyTorch gives to the two orders. */
public enum MemoryFormat {
    /** (N, C, *): the positions of one channel lie together. */
    CONTIGUOUS,
    /** (N, *, C): the channels of one position lie together. */
    CHANNELS_LAST
}
