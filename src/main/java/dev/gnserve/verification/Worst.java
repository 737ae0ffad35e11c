package dev.gnserve.verification;

/** The element whose error is largest in proportion to its tolerance. */
record Worst(double ratio, double error, double tolerance, int index) {

    static final Worst NONE = new Worst(-1, 0, 0, 0);

    static Worst of(Worst a, Worst b) {
        // Equal ratios go to the first element, so that the answer does not depend on threads.
        return b.ratio > a.ratio || (b.ratio == a.ratio && b.index < a.index) ? b : a;
    }
}
