package dev.gnserve.problem;

import dev.gnserve.failure.FailureCode;

/** Event: a multipart body or the query could not be read. Published instead of a RequestCompleted. */
public record UploadRefused(FailureCode code) {}
