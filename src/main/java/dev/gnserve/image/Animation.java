package dev.gnserve.image;

import java.io.IOException;

/** A file with several pictures that are shown one after another. Reading it decodes nothing. Immutable. */
interface Animation {

    /** Longer animations are no clips that a model takes. */
    int MOST_FRAMES = 100_000;

    int frames();

    int width();

    int height();

    /**
     * Decodes a frame alone, without those before it.
     *
     * @param number from 0
     * @throws IOException saying what is wrong with it
     */
    AnimationFrame frame(int number, DecodeWork work) throws IOException;

    /** Throws where a file has more frames than are read. */
    static void requireFew(int frames) throws IOException {
        if (frames > MOST_FRAMES) {
            throw new UnsupportedImageException(
                    "it has more than %,d frames; send a part of it".formatted(MOST_FRAMES));
        }
    }
}
