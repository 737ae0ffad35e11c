package dev.gnserve.verification;

/** The element whose error is largest in proportion to its tolerance. */
record WorstElement(double ratio, double error, double tolerance, int index) {

    static final WorstElement NONE = new WorstElement(-1, 0, 0, 0);

    static WorstElement of(WorstElement a, WorstElement b) {
        // Equal ratios go to the first element, so that the answer does not depend on threads.
        return b.ratio > a.ratio || (b.ratio == a.ratio && b.index < a.index) ? b : a;
    }
}
