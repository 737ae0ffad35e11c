package dev.gnserve.pipeline;

import java.util.List;

/**
 * One encoded image, or the frames of a clip.
 *
 * @param name the part's file name, or a name by position; for the response only, as the client chose it
 * @param bytes shared, not copied; never written to
 * @param page of the file, from 1
 * @param following the further files of a clip that came as several, in their order
 */
@SuppressWarnings("ArrayRecordComponent") // Held once, compared never; a copy of an upload would cost 32 MB.
public record Upload(String name, byte[] bytes, int page, List<byte[]> following) {

    public Upload {
        following = List.copyOf(following);
    }

    /** One image. */
    public Upload(String name, byte[] bytes, int page) {
        this(name, bytes, page, List.of());
    }

    /** The first page of a file. */
    public Upload(String name, byte[] bytes) {
        this(name, bytes, 1);
    }
}
