package dev.gnserve.trial;

/** Trials of a round come before all trials of later rounds, which may take longer. */
enum TrialRound {
    FIRST,
    SECOND,
    LAST
}
