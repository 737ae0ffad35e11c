package dev.gnserve.pipeline;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.problem.FailsWith;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The OpenAPI description that all tasks share: body, headers and failures. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@ImageBody
@FailsWith({
    FailureCode.INVALID_REQUEST,
    FailureCode.UNAUTHENTICATED,
    FailureCode.MODEL_NOT_FOUND,
    FailureCode.WRONG_TASK,
    FailureCode.UPLOAD_TOO_LARGE,
    FailureCode.IMAGE_TOO_LARGE,
    FailureCode.UNSUPPORTED_MEDIA,
    FailureCode.IMAGE_UNDECODABLE,
    FailureCode.OVERLOADED,
    FailureCode.MODEL_UNAVAILABLE,
    FailureCode.SHUTTING_DOWN,
    FailureCode.DEADLINE_EXCEEDED,
    FailureCode.ENGINE_FAULT
})
public @interface TaskOperation {}
