package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.model.OutputSpec.Decoder;
import java.util.Arrays;

/** Computes the probabilities of pixels from a network's output. Thread-safe. */
public final class ClassProbabilities {

    /** Pixels per block: their logits and probabilities fit in the first-level cache. */
    private static final int BLOCK = 1024;

    /** The exponential of less is 0 in float32. */
    private static final double LEAST_EXPONENT = -110;

    private ClassProbabilities() {}

    /**
     * The probabilities of the output's channels.
     *
     * @param prediction has logits or probabilities [channels, height, width], those of a volume [channels, depth, height, width], or classes [height, width] or [1, height, width]
     * @return probabilities [channels, height, width]
     * @throws FailureException ENGINE_FAULT if the output has another shape, contains NaN, or is not what the decoder takes
     */
    public static PlanarImage of(Prediction prediction, OutputSpec spec) {
        int channels = spec.channels().size();
        if (spec.family() instanceof QuerySpec queries) {
            QueryMasks masks = QueryMasks.of(prediction, channels);
            return masks.semantic(queries.scaledFirst(), masks.maskWidth(), masks.maskHeight());
        }
        Tensor logits = flat(spec.stepped(spec.logits(prediction)));
        if (spec.decoder() == Decoder.CLASSES) {
            return ofClasses(logits, channels);
        }
        if (logits.shape().rank() != 3 || logits.shape().size(0) != channels) {
            throw fault(
                    "The model returned %s, but its model.yaml declares [%d, height, width], one channel for each of %s."
                            .formatted(logits, channels, spec.channels()));
        }
        return decoded(
                new PlanarImage(channels, logits.shape().size(1), logits.shape().size(2), logits.floats()), spec);
    }

    /**
     * The probabilities at the size of the input. Where classes exclude each other, logits are scaled before the softmax: the usual
     * order (FCN, DeepLab, SegFormer), on which the most probable class depends.
     *
     * @param width of the input
     * @param height of the input
     * @throws FailureException as {@link #of(Prediction, OutputSpec)}
     */
    public static PlanarImage of(Prediction prediction, OutputSpec spec, int width, int height) {
        if (spec.family() instanceof QuerySpec queries) {
            return QueryMasks.of(prediction, spec.channels().size()).semantic(queries.scaledFirst(), width, height);
        }
        Tensor logits = spec.logits(prediction);
        boolean scaled = spec.exclusive()
                && spec.decoder() == Decoder.SOFTMAX
                && logits.shape().rank() == 3
                && logits.shape().size(0) == spec.channels().size();
        if (!scaled) {
            return of(prediction, spec);
        }
        TensorShape shape = logits.shape();
        PlanarImage coarse = new PlanarImage(shape.size(0), shape.size(1), shape.size(2), logits.floats());
        return decoded(coarse.resizedTo(width, height), spec);
    }

    /**
     * The probabilities of channels of which each pixel has one.
     *
     * @throws FailureException ENGINE_FAULT if a logit is NaN or infinite
     */
    public static PlanarImage softmax(PlanarImage logits) {
        float[] probabilities = softmax(logits.values(), logits.height() * logits.width());
        return new PlanarImage(logits.channels(), logits.height(), logits.width(), probabilities);
    }

    /** The planes of a volume [channels, depth, height, width] below each other; another tensor as it is. */
    private static Tensor flat(Tensor logits) {
        TensorShape shape = logits.shape();
        return shape.rank() != 4
                ? logits
                : Tensor.of(logits.floats(), shape.size(0), shape.size(1) * shape.size(2), shape.size(3));
    }

    private static PlanarImage decoded(PlanarImage output, OutputSpec spec) {
        float[] probabilities = switch (spec.decoder()) {
            case SOFTMAX -> softmax(output.values(), output.height() * output.width());
            case SIGMOID -> sigmoid(output.values());
            case PROBABILITIES, WATERSHED -> probabilities(output.values(), spec.decoder());
            default ->
                throw new IllegalArgumentException(
                        "the decoder " + spec.decoder() + " gives no probabilities of pixels");
        };
        return new PlanarImage(output.channels(), output.height(), output.width(), probabilities);
    }

    /** How far rounding, also in half precision, takes a probability out of 0..1. */
    static final float ROUNDING = 0.01f;

    private static float[] probabilities(float[] values, Decoder decoder) {
        for (float value : values) {
            if (decoder == Decoder.WATERSHED && !isProbability(value)) {
                throw fault("The model's output contains " + value
                        + ", and the decoder watershed needs probabilities, 0 to 1."
                        + " For logits, add output: {steps: [{kind: sigmoid}]} to its model.yaml.");
            }
            probability(value);
        }
        return values;
    }

    private static boolean isProbability(float value) {
        return value >= -ROUNDING && value <= 1 + ROUNDING;
    }

    /**
     * A value of an output that the manifest declares as probabilities.
     *
     * @throws FailureException ENGINE_FAULT if it is not 0 to 1, apart from rounding
     */
    public static float probability(float value) {
        if (!isProbability(value)) {
            throw fault("The model's output contains " + value + ", but its model.yaml says with"
                    + " output.decoder: probabilities that all values are 0 to 1. For logits, use softmax or sigmoid.");
        }
        return value;
    }

    /** Probability 1 for the class of a pixel, 0 for the others: so tiles and scales are treated as for other decoders. */
    private static PlanarImage ofClasses(Tensor map, int channels) {
        int rank = map.shape().rank();
        if (!(rank == 2 || (rank == 3 && map.shape().size(0) == 1))) {
            throw fault("The model returned %s, but its model.yaml declares a map of classes, [height, width]."
                    .formatted(map));
        }
        float[] classes = map.floats();
        float[] probabilities = new float[Math.multiplyExact(channels, classes.length)];
        for (int i = 0; i < classes.length; i++) {
            int number = (int) classes[i];
            if (number != classes[i] || number < 0 || number >= channels) {
                throw fault("The model's output contains the class %s, but its model.yaml declares the classes 0 to %d."
                        .formatted(classes[i], channels - 1));
            }
            probabilities[number * classes.length + i] = 1;
        }
        return new PlanarImage(channels, map.shape().size(rank - 2), map.shape().size(rank - 1), probabilities);
    }

    private static float[] softmax(float[] logits, int pixels) {
        float[] probabilities = new float[logits.length];
        int block = Math.min(pixels, BLOCK);
        float[] most = new float[block];
        float[] sums = new float[block];
        double[] powers = new double[block];
        for (int start = 0; start < pixels; start += BLOCK) {
            softmax(logits, pixels, start, Math.min(BLOCK, pixels - start), most, sums, powers, probabilities);
        }
        return probabilities;
    }

    /** For {@code count} pixels from {@code start} on; {@code most}, {@code sums} and {@code powers} are scratch memory. */
    private static void softmax(
            float[] logits,
            int pixels,
            int start,
            int count,
            float[] most,
            float[] sums,
            double[] powers,
            float[] probabilities) {
        System.arraycopy(logits, start, most, 0, count);
        for (int first = start + pixels; first < logits.length; first += pixels) {
            for (int i = 0; i < count; i++) {
                most[i] = Math.max(most[i], logits[first + i]);
            }
        }
        Arrays.fill(sums, 0);
        for (int first = start; first < logits.length; first += pixels) {
            for (int i = 0; i < count; i++) {
                powers[i] = logits[first + i] - most[i];
            }
            exponentials(powers, count);
            for (int i = 0; i < count; i++) {
                float power = (float) powers[i];
                probabilities[first + i] = power;
                sums[i] += power;
            }
        }
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(most[i])) {
                throw notANumber();
            }
            sums[i] = 1 / sums[i];
        }
        for (int first = start; first < logits.length; first += pixels) {
            for (int i = 0; i < count; i++) {
                probabilities[first + i] *= sums[i];
            }
        }
    }

    /**
     * Exponentials of numbers that are not positive, to about 1e-10: the Taylor polynomial of a 1024th, squared ten times. Unlike
     * {@link Math#exp}, the compiler vectorizes it. In float64, the ten squarings cost three of the sixteen digits.
     */
    private static void exponentials(double[] x, int count) {
        for (int i = 0; i < count; i++) {
            double y = Math.max(x[i], LEAST_EXPONENT) * (1.0 / 1024);
            double power =
                    1 + y * (1 + y * (1.0 / 2 + y * (1.0 / 6 + y * (1.0 / 24 + y * (1.0 / 120 + y * (1.0 / 720))))));
            power *= power;
            power *= power;
            power *= power;
            power *= power;
            power *= power;
            power *= power;
            power *= power;
            power *= power;
            power *= power;
            x[i] = power * power;
        }
    }

    private static float[] sigmoid(float[] logits) {
        float[] probabilities = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            if (Float.isNaN(logits[i])) {
                throw notANumber();
            }
            probabilities[i] = (float) (1 / (1 + Math.exp(-logits[i])));
        }
        return probabilities;
    }

    private static FailureException notANumber() {
        return fault(
                "The model's output contains NaN or infinity for this image, so there is no result. POST the image to"
                        + " /v1/models/{model}/verify to find the faulty layer.");
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
