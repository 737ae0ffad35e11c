package dev.gnserve.protocol;

import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.io.OutputStream;
import tools.jackson.core.JsonGenerator;

/** One output of a response. */
sealed interface ResponseTensor permits OutputTensor, TopClasses {

    String name();

    /** Of its values, as the protocol names it. */
    String datatype();

    /** Of the whole batch. */
    TensorShape shape();

    /** How many bytes {@link #writeTo} writes. */
    long bytes();

    /** Writes the values row-major, little-endian, as the protocol's binary data. */
    void writeTo(OutputStream out) throws IOException;

    /** Writes the values row-major, one after another, into an array that the caller opens and closes. */
    void writeTo(JsonGenerator json);

    /**
     * Checks that JSON can hold the values.
     *
     * @throws FailureException INVALID_REQUEST for NaN or an infinity
     */
    void requireFinite();
}
