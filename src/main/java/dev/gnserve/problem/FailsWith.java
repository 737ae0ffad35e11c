package dev.gnserve.problem;

import dev.gnserve.failure.FailureCode;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The failures of an operation. The OpenAPI document lists their responses. */
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface FailsWith {

    FailureCode[] value();

    /** The body of the responses: {@link Problem} or {@link ProtocolError}. */
    Class<?> document() default Problem.class;
}
