package dev.gnserve.verification;

import dev.gnserve.model.ModelCompanion;

/** The verification of one loaded model, as other rooms see it. Thread-safe. */
public interface VerifiedModel extends ModelCompanion {

    /** What its verifications found so far. */
    VerificationSummary summary();
}
