package dev.gnserve.exchange;

import java.io.IOException;

/** Writes results in one format. Used once, by one thread. */
interface ResultWriter {

    /** Adds an image. */
    void add(ImageResult result) throws IOException;

    /** Writes what is written once for all images. */
    default void end() throws IOException {}
}
