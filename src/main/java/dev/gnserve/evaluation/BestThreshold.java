package dev.gnserve.evaluation;

/**
 * The lowest score at which a model finds objects best.
 *
 * @param score lowest that counts
 * @param f1 score of objects that overlap by a half, of all classes together
 */
public record BestThreshold(float score, double f1) {}
