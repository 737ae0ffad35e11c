package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.OutputSpec.Decoder;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Checks that the outputs of a model fit its manifest: before it serves, and while it does. Thread-safe. */
public final class OutputFit {

    /** One box of so many may be wrong: networks give some by rounding. */
    private static final int MOST_WRONG = 10;

    private OutputFit() {}

    /**
     * Why a prediction does not fit the manifest; null if it does.
     *
     * @param input shape of its input, [channels, height, width]
     */
    public static @Nullable String mismatch(ModelManifest manifest, TensorShape input, Prediction prediction) {
        try {
            require(manifest.withWarmUp(input), prediction);
            return null;
        } catch (FailureException e) {
            return e.failure().detail();
        }
    }

    /**
     * Requires that a prediction for a warm-up input fits the manifest.
     *
     * @throws FailureException ENGINE_FAULT if it does not; the message says what to change in the manifest
     */
    static void require(ModelManifest manifest, Prediction prediction) {
        switch (manifest.task()) {
            case DETECTION -> {
                if (manifest.output().decoder() == Decoder.SOLOV2) {
                    SoloOutputs.of(prediction, manifest.labels().size());
                    return;
                }
                if (manifest.output().hasQueries()) {
                    QueryMasks.of(prediction, manifest.labels().size());
                    return;
                }
                Prediction chosen = manifest.output().chosen(prediction);
                if (chosen != null) {
                    requireChosen(manifest, chosen);
                } else {
                    TensorShape input = manifest.warmUp().shapes().get(0);
                    OutputSpec.Locations locations =
                            manifest.output().locations(prediction, input.size(2), input.size(1));
                    requireNumbers(locations.boxes());
                    requireNumbers(locations.scores());
                    if (manifest.output().family() instanceof HeadSpec) {
                        return; // Decoded by gnserve.
                    }
                    requireScores(manifest.output().boxes(), locations.scores());
                    requireBoxes(manifest.output(), locations.boxes());
                }
            }
            case CLASSIFICATION -> {
                if (manifest.output().family() instanceof ClassifierHeads several) {
                    for (ClassifierHeads.Head head : several.heads()) {
                        Tensor output = head.of(prediction);
                        requireNumbers(output);
                        requireDecoder(head.decoder(), false, output);
                    }
                    return;
                }
                Tensor output = manifest.output().logits(prediction);
                requireLogit(manifest, output);
                requireDecoder(manifest.output(), output);
            }
            case SEGMENTATION -> {
                if (manifest.output().hasQueries()) {
                    QueryMasks.of(prediction, manifest.output().channels().size());
                    return;
                }
                InstanceSpec instances = manifest.output().instances();
                if (instances != null) {
                    instances.require(manifest, prediction);
                    return;
                }
                Tensor output = manifest.output().logits(prediction);
                requireNumbers(output);
                if (manifest.input().volume() != null) {
                    requireVolume(manifest, output);
                    ClassProbabilities.of(prediction, manifest.output());
                    return;
                }
                if (manifest.output().decoder() != Decoder.CLASSES) {
                    requirePlanes(manifest, output);
                }
                requireDecoder(manifest.output(), output);
                ClassProbabilities.of(prediction, manifest.output());
            }
            case EMBEDDING -> EmbeddingSpec.vector(manifest.output(), prediction);
            case REGRESSION -> ValueSpec.maps(manifest.output(), prediction);
            case TENSORS -> {} // All outputs fit.
        }
    }

    private static void requireChosen(ModelManifest manifest, Prediction prediction) {
        for (String name : List.of("boxes", "scores")) {
            Tensor output = prediction.outputs().get(name);
            if (output == null) {
                throw fault("a detector with the output labels also needs boxes and scores, but the archive returns "
                        + prediction.outputs());
            }
            requireNumbers(output);
        }
        requireScores(
                manifest.output().boxes(),
                Objects.requireNonNull(prediction.outputs().get("scores")));
        requireBoxes(
                manifest.output(), Objects.requireNonNull(prediction.outputs().get("boxes")));
        if (!OutputFacts.of(Objects.requireNonNull(prediction.outputs().get("labels")))
                .whole()) {
            throw fault("the output labels has values that are no whole numbers, so they are no numbers of labels");
        }
    }

    private static void requireScores(BoxSpec spec, Tensor scores) {
        OutputFacts facts = OutputFacts.of(scores);
        if (spec.scores() == BoxSpec.Scores.PROBABILITIES
                && !facts.isFraction()
                && scores.shape().elements() > 0) {
            throw fault(
                    "the scores of the boxes have " + facts.text() + ", but probabilities are 0 to 1. For logits, use"
                            + " output: {scores: sigmoid} or, with a last column for no object, {scores: softmax}");
        }
    }

    /** Boxes of another form are out of order, and fractions are too small. */
    private static void requireBoxes(OutputSpec output, Tensor boxes) {
        BoxSpec spec = output.boxes();
        float[] values = boxes.floats();
        if (values.length == 0) {
            return;
        }
        int wrong = 0;
        for (int i = 0; i + 3 < values.length; i += 4) {
            boolean fits = spec.form() == BoxSpec.Form.XYXY
                    ? values[i] <= values[i + 2] && values[i + 1] <= values[i + 3]
                    : values[i + 2] >= 0 && values[i + 3] >= 0;
            wrong += fits ? 0 : 1;
        }
        if (wrong * 4 * MOST_WRONG > values.length) {
            throw fault(
                    "output.boxes is " + OutputForm.lower(spec.form()) + ", but of " + values.length / 4 + " boxes, "
                            + wrong
                            + " have a right or bottom edge before the left or top one. Choose the form of the boxes with"
                            + " output: {boxes: xyxy, cxcywh or xywh}");
        }
        BoxSpec.Unit seen = BoxForms.unit(List.of(boxes));
        if (spec.unit() != seen) {
            throw fault("output.unit is " + OutputForm.lower(spec.unit()) + ", but the boxes have "
                    + OutputFacts.of(boxes).text() + ". "
                    + (output.decoder() == Decoder.BOXES || output.decoder() == Decoder.DETR
                            ? "Use output: {unit: " + OutputForm.lower(seen) + "}"
                            : "With the decoder " + OutputForm.lower(output.decoder())
                                    + ", the archive must return pixels of its input"));
        }
    }

    /** Requires that values are what the decoder takes, so that probabilities are not decoded twice. */
    private static void requireDecoder(OutputSpec spec, Tensor output) {
        requireDecoder(spec.decoder(), spec.exclusive(), output);
    }

    private static void requireDecoder(Decoder decoder, boolean exclusive, Tensor output) {
        OutputFacts facts = OutputFacts.of(output);
        if (decoder == Decoder.SOFTMAX && facts.isDistribution()) {
            throw fault("output.decoder is softmax, but the archive returns " + facts.text()
                    + ": its softmax is done already. Use output: {decoder: probabilities}");
        }
        if (decoder == Decoder.PROBABILITIES) {
            if (!facts.isFraction()) {
                throw fault("output.decoder is probabilities, but the archive returns " + facts.text()
                        + ". Probabilities are 0 to 1; for logits, use softmax or sigmoid");
            }
            if (exclusive && !facts.sumsToOne()) {
                throw fault("output.decoder is probabilities of exclusive classes, but the archive returns "
                        + facts.text() + " that do not sum to 1 over the channels. If classes may overlap, use"
                        + " output: {decoder: probabilities, exclusive: false}");
            }
        }
    }

    private static void requireLogit(ModelManifest manifest, Tensor logits) {
        requireNumbers(logits);
        List<String> channels = manifest.output().channels();
        int values = logits.shape().elements();
        if (values != channels.size()) {
            throw fault("model.yaml declares the " + channels.size() + " labels " + channels
                    + ", but the archive returns " + values + " values of shape " + logits.shape() + " for one image");
        }
    }

    /** The outputs of a window have its size. Their values may become those of the decoder by steps only. */
    static void requireVolume(ModelManifest manifest, Tensor output) {
        int[] wanted = manifest.warmUp().shapes().get(0).toArray();
        wanted[0] = manifest.output().channels().size();
        if (!output.shape().equals(TensorShape.of(wanted))) {
            throw fault("for a window of " + manifest.warmUp().shapes().get(0) + " the archive returns the shape "
                    + output.shape() + ", but model.yaml declares the output channels "
                    + manifest.output().channels() + " and needs " + TensorShape.of(wanted)
                    + "; list every channel in output.channels. Outputs of another size than the window are not read");
        }
        if (manifest.output().steps().isEmpty()) {
            int columns = wanted[wanted.length - 1];
            int rows = wanted.length == 3 ? wanted[1] : wanted[1] * wanted[2];
            requireDecoder(manifest.output(), Tensor.of(output.floats(), wanted[0], rows, columns));
        }
    }

    private static void requirePlanes(ModelManifest manifest, Tensor logits) {
        List<String> channels = manifest.output().channels();
        TensorShape shape = logits.shape();
        if (shape.rank() != 3 || shape.size(0) != channels.size()) {
            throw fault("model.yaml declares the " + channels.size() + " output channels " + channels
                    + ", but the archive returns shape " + shape + " instead of [" + channels.size()
                    + ", height, width]; list every channel in output.channels, or use output: {decoder: sigmoid} if no"
                    + " channel is for background");
        }
    }

    private static void requireNumbers(Tensor output) {
        for (float value : output.floats()) {
            if (!Float.isFinite(value)) {
                throw fault("the model's output contains " + value + " for this input");
            }
        }
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
