package dev.gnserve.verification;

/** The outcome of a check. */
public enum Verdict {
    PASS,
    FAIL,
    /** There was nothing to check, or no bound of the error holds for the input. */
    NOT_APPLICABLE
}
