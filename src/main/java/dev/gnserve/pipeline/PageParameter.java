package dev.gnserve.pipeline;

import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The OpenAPI description of the query parameter {@code page}, which {@link QueryParameter#requirePage} checks. */
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
@Parameter(
        description =
                "Page of a TIFF file, from 1. Of other formats, such as animations, the service reads the first picture only",
        schema =
                @Schema(
                        type = "integer",
                        format = "int32",
                        defaultValue = "1",
                        minimum = "1",
                        maximum = "" + QueryParameter.MOST_PAGES))
public @interface PageParameter {}
