package dev.gnserve.verification;

/** The element with the largest ratio of error and tolerance. */
record WorstElement(double ratio, double error, double tolerance, int index) {

    static final WorstElement NONE = new WorstElement(-1, 0, 0, 0);

    static WorstElement of(WorstElement a, WorstElement b) {
        // Of equal ratios the first element, so that the result does not depend on threads.
        return b.ratio > a.ratio || (b.ratio == a.ratio && b.index < a.index) ? b : a;
    }
}
