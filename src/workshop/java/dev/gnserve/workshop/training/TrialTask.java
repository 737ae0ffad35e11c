package dev.gnserve.workshop.training;

/**
 * What a {@link Trial} does with a network.
 *
 * @param <R> the network
 * @param <B> what a step learns from
 */
interface TrialTask<R extends Replica<B>, B> {

    R network();

    float[] initialWeights(R network, long seed);

    /** The examples with these numbers, in this order. */
    B batch(int[] examples);

    /** Of the held-out images, with the loaded weights; at best 1. */
    double score(R network);
}
