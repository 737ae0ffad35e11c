package dev.gnserve.image;

import java.util.List;

/**
 * Which frames of how many became clips.
 *
 * @param of frames of the file or the request
 * @param clips the numbers of the frames of each clip, from 1
 */
public record ClipFrames(int of, List<List<Integer>> clips) {

    public ClipFrames {
        clips = clips.stream().map(List::copyOf).toList();
    }
}
