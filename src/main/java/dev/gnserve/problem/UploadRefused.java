package dev.gnserve.problem;

import dev.gnserve.failure.FailureCode;

/** The web server could not or would not read a multipart body, perhaps before any controller saw the request. */
public record UploadRefused(FailureCode code) {}
