package dev.gnserve.failure;

/** The kinds of failure. The names are the values of {@code code} in the HTTP contract. */
public enum FailureCode {
    /** A wrong parameter, no image part, an empty body. */
    INVALID_REQUEST,
    /** The API key is missing or wrong. */
    UNAUTHENTICATED,
    /** No such model or version. */
    MODEL_NOT_FOUND,
    /** The request does not fit the model's task, such as detection with a segmentation model. */
    WRONG_TASK,
    /** The upload has more bytes than the limit. */
    UPLOAD_TOO_LARGE,
    /** The image has more pixels than the limit, by its header. */
    IMAGE_TOO_LARGE,
    /** The image format is not supported. */
    UNSUPPORTED_MEDIA,
    /** The image is truncated or corrupt. */
    IMAGE_UNDECODABLE,
    /** The queue is full. */
    OVERLOADED,
    /** The model is loading, failed or unloaded. */
    MODEL_UNAVAILABLE,
    /** The service or the model is being stopped. */
    SHUTTING_DOWN,
    /** The deadline passed in the queue or in the engine. */
    DEADLINE_EXCEEDED,
    /** The engine failed on this item. */
    ENGINE_FAULT,
    /** There is nothing at this path, or what would be there is off. */
    NOT_FOUND,
    /** No such job: unknown, expired, deleted, or submitted with another key. */
    JOB_NOT_FOUND,
    /** The job has no result: it waits, runs or was cancelled. */
    JOB_NOT_FINISHED
}
