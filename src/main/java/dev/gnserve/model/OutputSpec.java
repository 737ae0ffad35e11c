package dev.gnserve.model;

import java.util.List;

/**
 * What a model's output means.
 *
 * @param decoder from the output to what it says
 * @param channels what each output channel stands for, in their order: a label, {@value #BACKGROUND}, or
 *     {@value #BOUNDARY} for the rim that separates touching objects
 */
public record OutputSpec(Decoder decoder, List<String> channels) {

    public static final String BACKGROUND = "background";
    public static final String BOUNDARY = "boundary";

    /**
     * Softmax over the channels: one class per pixel. Sigmoid of each channel: classes may overlap. Boxes: two outputs,
     * boxes [N, A, 4] (left, top, right, bottom in input pixels) and scores [N, A, labels] (0 to 1).
     */
    public enum Decoder {
        SOFTMAX,
        SIGMOID,
        BOXES
    }

    public OutputSpec {
        channels = List.copyOf(channels);
    }
}
