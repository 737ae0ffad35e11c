package dev.gnserve.model;

import dev.gnserve.model.OutputSpec.Decoder;
import java.util.Locale;

/**
 * One way to read the outputs of an archive.
 *
 * @param decoder of the manifest
 * @param exclusive whether a pixel has one class
 * @param labels number of labels that it needs; 0 if the outputs do not show it
 * @param background whether the first channel is background
 * @param meaning in words
 */
record OutputForm(Task task, Decoder decoder, boolean exclusive, int labels, boolean background, String meaning) {

    static OutputForm tensors() {
        return new OutputForm(
                Task.TENSORS, Decoder.TENSORS, false, 0, false, "the tensors as they are, without a meaning");
    }

    boolean takes(int given) {
        return given > 0 && (labels == 0 || labels == given);
    }

    String decoderName() {
        return decoder.name().toLowerCase(Locale.ROOT);
    }

    /** The section of the manifest; empty where the defaults mean the same. */
    String manifest(String channels) {
        return switch (decoder) {
            case SOFTMAX ->
                task == Task.SEGMENTATION && !background
                        ? "output: {decoder: softmax, channels: " + channels + "}\n"
                        : "output: {decoder: softmax}\n";
            case SIGMOID -> "output: {decoder: sigmoid}\n";
            case PROBABILITIES ->
                task == Task.SEGMENTATION && !exclusive
                        ? "output: {decoder: probabilities, exclusive: false}\n"
                        : background || task == Task.CLASSIFICATION
                                ? "output: {decoder: probabilities}\n"
                                : "output: {decoder: probabilities, channels: " + channels + "}\n";
            case CLASSES ->
                background
                        ? "output: {decoder: classes}\n"
                        : "output: {decoder: classes, channels: " + channels + "}\n";
            case BOXES, TENSORS -> "";
        };
    }
}
