package dev.gnserve.model;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.Normalization;
import dev.gnserve.image.Padding;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.Preprocessor;
import dev.gnserve.image.Resize;
import dev.gnserve.image.SampleRange;
import dev.gnserve.image.UprightImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The embedded sample images as inputs of any network: the values of its outputs for real images tell logits from probabilities, which
 * noise does not.
 */
final class SampleInputs {

    private static final List<String> FILES = List.of(
            "/samples/nuclei/fluorescence-256.png",
            "/samples/nuclei/histology-violet.png",
            "/samples/bloodcells/BloodImage_00271.jpg");

    /** Mean and standard deviation of ImageNet's photographs, all channels together. */
    private static final float MEAN = 0.449f;

    private static final float DEVIATION = 0.226f;

    private SampleInputs() {}

    /** The images, upright. */
    static List<UprightImage> images() {
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);
        return FILES.stream().map(file -> decoder.decode(bytes(file))).toList();
    }

    /**
     * Each image twice, float32 [channels, height, width]: with values from 0 to 1, and normalized to the mean 0 and the
     * deviation 1 of photographs.
     *
     * @param channels 1 for gray; of other numbers, red, green and blue again and again
     */
    static List<FloatTensor> of(int channels, int height, int width) {
        List<FloatTensor> inputs = new ArrayList<>();
        for (UprightImage image : images()) {
            inputs.add(input(image, channels, height, width, 0, 1));
            inputs.add(input(image, channels, height, width, MEAN, DEVIATION));
        }
        return inputs;
    }

    private static FloatTensor input(
            UprightImage image, int channels, int height, int width, float mean, float deviation) {
        int colours = channels == 1 ? 1 : 3;
        Preprocessor preprocessor = new Preprocessor(
                channels == 1 ? ChannelOrder.GRAY : ChannelOrder.RGB,
                new SampleRange(SampleRange.Kind.FULL, 0, 100),
                new Resize.Stretch(width, height),
                new Normalization.Fixed(
                        1 / 255f, Collections.nCopies(colours, mean), Collections.nCopies(colours, deviation)),
                new Padding(1, Padding.Mode.CONSTANT, 0),
                null);
        PlanarImage input = preprocessor.prepare(image).tile(0);
        float[] values = new float[channels * height * width];
        for (int c = 0; c < channels; c++) {
            int plane = height * width;
            System.arraycopy(input.values(), c % colours * plane, values, c * plane, plane);
        }
        return new FloatTensor(TensorShape.of(channels, height, width), values);
    }

    private static byte[] bytes(String file) {
        try (InputStream in = SampleInputs.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException(file + " is not in the jar");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
