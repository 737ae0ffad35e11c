package dev.gnserve.problem;

import dev.gnserve.failure.FailureCode;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The failures that an operation can answer with; the API document lists their responses from it. */
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface FailsWith {

    FailureCode[] value();

    /** The document that tells the failure: {@link Problem} or {@link ProtocolError}. */
    Class<?> document() default Problem.class;
}
