package dev.gnserve.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which frames of a file or a request a model of clips takes. Immutable.
 *
 * @param frames of a clip: the third axis of the input [N, channels, frames, height, width]
 * @param stride of the frames of a clip, with {@code CONSECUTIVE}
 * @param sampling how they are chosen
 * @param clips whose scores are averaged, with {@code CONSECUTIVE}
 */
public record ClipSpec(int frames, int stride, Sampling sampling, int clips) {

    /** How frames are chosen. */
    public enum Sampling {
        /**
         * Frames that follow each other: those of torchvision's {@code VideoClips} with the rate of frames divided by the stride, and of
         * its {@code UniformClipSampler}. The only clip begins with the first frame.
         */
        CONSECUTIVE,
        /** Frames that are spread from the first to the last, as torchvision's {@code UniformTemporalSubsample}. */
        UNIFORM
    }

    public ClipSpec {
        if (sampling == Sampling.UNIFORM && (stride != 1 || clips != 1)) {
            throw new IllegalArgumentException(
                    "stride is %d and clips %d with sampling uniform; they go with sampling consecutive"
                            .formatted(stride, clips));
        }
    }

    /** Frames that a file or a request needs. */
    public int least() {
        return (frames - 1) * stride + 1;
    }

    /**
     * The frames of each clip, from 0.
     *
     * @param count frames that there are, {@link #least} or more
     */
    public List<List<Integer>> of(int count) {
        if (sampling == Sampling.UNIFORM) {
            return List.of(spread(frames, count));
        }
        int kept = (count + stride - 1) / stride;
        List<List<Integer>> all = new ArrayList<>();
        for (int start : spread(clips, kept - frames + 1)) {
            all.add(IntStream.range(start, start + frames)
                    .map(i -> i * stride)
                    .boxed()
                    .toList());
        }
        return all;
    }

    /** Places from 0 to the last: {@code torch.linspace(0, count - 1, places)} in float32, rounded down. */
    private static List<Integer> spread(int places, int count) {
        int last = places - 1;
        float step = places == 1 ? 0 : (float) (count - 1) / last;
        return IntStream.range(0, places)
                .map(i -> (int)
                        (i < places / 2 || places == 1
                                ? step * i
                                : (float) (count
                                        - 1
                                        - (double) step * (last - i)))) // As PyTorch: one rounding, from the end.
                .boxed()
                .toList();
    }
}
