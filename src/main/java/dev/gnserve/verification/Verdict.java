package dev.gnserve.verification;

/** The outcome of a check. */
public enum Verdict {
    PASS,
    FAIL,
    /** There was nothing to check. */
    NOT_APPLICABLE
}
