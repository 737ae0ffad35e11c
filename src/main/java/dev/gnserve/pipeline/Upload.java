package dev.gnserve.pipeline;

/**
 * One encoded image.
 *
 * @param name the part's file name, or a name by position; for the response only, as the client chose it
 * @param bytes shared, not copied; never written to
 * @param page of the file, from 1
 */
@SuppressWarnings("ArrayRecordComponent") // Held once, compared never; a copy of an upload would cost 32 MB.
public record Upload(String name, byte[] bytes, int page) {

    /** The first page of a file. */
    public Upload(String name, byte[] bytes) {
        this(name, bytes, 1);
    }
}
