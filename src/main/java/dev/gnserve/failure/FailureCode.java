package dev.gnserve.failure;

/** The failures that a caller can meet; the names are the {@code code} field of the HTTP contract. */
public enum FailureCode {
    /** A bad parameter, no image part, an empty body. */
    INVALID_REQUEST,
    /** An API key is configured and is missing or wrong. */
    UNAUTHENTICATED,
    /** No such model or version. */
    MODEL_NOT_FOUND,
    /** For example detection asked of a segmentation model. */
    WRONG_TASK,
    /** More bytes than the limit allows. */
    UPLOAD_TOO_LARGE,
    /** More pixels than the limit allows, known from the header alone. */
    IMAGE_TOO_LARGE,
    /** Not an image format that is read. */
    UNSUPPORTED_MEDIA,
    /** Truncated or corrupt. */
    IMAGE_UNDECODABLE,
    /** The queue is full. */
    OVERLOADED,
    /** The model is loading, failed or unloaded. */
    MODEL_UNAVAILABLE,
    /** The service drains before it stops. */
    SHUTTING_DOWN,
    /** The deadline passed in the queue or in the engine. */
    DEADLINE_EXCEEDED,
    /** The engine failed on this item. */
    ENGINE_FAULT
}
