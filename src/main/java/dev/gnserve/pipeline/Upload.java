package dev.gnserve.pipeline;

/**
 * One image as it came in.
 *
 * @param name the part's file name, or a name by position; the caller's word, for the answer only
 * @param bytes the encoded image; not copied; no code changes it
 */
@SuppressWarnings("ArrayRecordComponent") // Held once, compared never; a copy of an upload would cost 32 MB.
public record Upload(String name, byte[] bytes) {}
