package dev.gnserve.model;

import java.util.List;

/**
 * What a model's output means.
 *
 * @param decoder from logits to probabilities
 * @param channels what each output channel stands for, in their order: a label, {@value #BACKGROUND}, or
 *     {@value #BOUNDARY} for the rim that separates touching objects
 */
public record OutputSpec(Decoder decoder, List<String> channels) {

    public static final String BACKGROUND = "background";
    public static final String BOUNDARY = "boundary";

    /** Softmax over the channels: one class per pixel. Sigmoid of each channel: classes may overlap. */
    public enum Decoder {
        SOFTMAX,
        SIGMOID
    }

    public OutputSpec {
        channels = List.copyOf(channels);
    }
}
