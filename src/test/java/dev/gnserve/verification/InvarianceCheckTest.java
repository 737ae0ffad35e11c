package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.TensorType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Models written in Java, so that what they do to a batch is known. */
class InvarianceCheckTest {

    private static final FloatTensor IMAGE = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2);

    private final List<Integer> batches = new ArrayList<>();

    /** With the tapped run, which is the image alone, a batch of 2 makes three images in all. */
    @ParameterizedTest
    @CsvSource({"2, 2", "8, 2 4 8", "6, 2 4 6"})
    void runsEachBatchOnceAndTheImageAloneNotAgain(int largest, String expected) {
        BatchInvariance result = check(values -> values, largest);

        assertThat(batches)
                .containsExactlyElementsOf(List.of(expected.split(" ")).stream()
                        .map(Integer::valueOf)
                        .toList());
        assertThat(result.verdict()).isEqualTo(Verdict.PASS);
        assertThat(result.bitIdentical()).isTrue();
        assertThat(result.resultChanged()).isFalse();
        assertThat(result.reason()).isNull();
    }

    @Test
    void roundingIsToleratedAndReported() {
        BatchInvariance result = check(
                values -> {
                    values[values.length - 1] = Math.nextUp(values[values.length - 1]);
                    return values;
                },
                2);

        assertThat(result.verdict()).isEqualTo(Verdict.PASS);
        assertThat(result.bitIdentical()).isFalse();
        assertThat(result.resultChanged()).isFalse();
        assertThat(result.maxAbsoluteDifference()).isEqualTo(Math.ulp(8f));
    }

    /** Channel 0 against channel 1 at four pixels: 1 < 5, 2 < 6, 3 < 7, 4 < 8; the image is the second of two. */
    @Test
    void aPixelThatChangesItsClassChangesTheResult() {
        BatchInvariance result = check(
                values -> {
                    values[8] = 5.5f;
                    return values;
                },
                2);

        assertThat(result.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(result.resultChanged()).isTrue();
        assertThat(result.changedDecisions()).isEqualTo(1);
        assertThat(result.maxAbsoluteDifference()).isEqualTo(4.5);
        assertThat(result.reason()).contains("depends on its batch");
    }

    /** By how much the largest value of 8 may move. */
    @ParameterizedTest
    @CsvSource({
        "0.04, FLOAT32, FAIL", "0.04, FLOAT16, PASS", "0.04, BFLOAT16, PASS",
        "0.4, FLOAT16, FAIL", "0.4, BFLOAT16, PASS", "0.6, BFLOAT16, FAIL"
    })
    void whatRoundingExplainsDependsOnTheType(float apart, TensorType type, Verdict expected) {
        Function<List<ModelInput>, List<Prediction>> model = images -> {
            float[] values = IMAGE.values().clone();
            values[7] += images.size() == 1 ? 0 : apart;
            return Collections.nCopies(images.size(), output(new FloatTensor(IMAGE.shape(), values)));
        };
        Map<String, Tensor> alone =
                Map.of("output", new FloatTensor(IMAGE.shape().prepend(1), IMAGE.values()));

        assertThat(InvarianceCheck.check(model, IMAGE, alone, 2, Decisions.HIGHEST, type)
                        .verdict())
                .isEqualTo(expected);
    }

    /** One channel of logits: a decision is whether they lie above 0. */
    @Test
    void aLogitThatChangesItsSignChangesTheResult() {
        FloatTensor image = Tensor.of(new float[] {1e-7f, 2}, 1, 2);
        Function<List<ModelInput>, List<Prediction>> model =
                batch -> List.of(output((Tensor) batch.get(0)), output(Tensor.of(new float[] {-1e-7f, 2}, 1, 2)));

        BatchInvariance result = InvarianceCheck.check(
                model,
                image,
                Map.of("output", Tensor.of(image.values().clone(), 1, 1, 2)),
                2,
                Decisions.HIGHEST,
                TensorType.FLOAT32);

        assertThat(result.verdict()).isEqualTo(Verdict.PASS);
        assertThat(result.changedDecisions()).isEqualTo(1);
        assertThat(result.resultChanged()).isTrue();
    }

    @Test
    void aModelWithoutBatchesIsNotComparedAndTheReportSaysWhy() {
        BatchInvariance result = InvarianceCheck.check(
                batch -> {
                    throw Failure.of(FailureCode.ENGINE_FAULT, "planted").asException();
                },
                IMAGE,
                Map.of("output", new FloatTensor(IMAGE.shape().prepend(1), IMAGE.values())),
                8,
                Decisions.HIGHEST,
                TensorType.FLOAT32);

        assertThat(result.verdict()).isEqualTo(Verdict.NOT_APPLICABLE);
        assertThat(result.reason()).contains("batch of 2").contains("planted");
    }

    @Test
    void nanInBothPredictionsIsNoDifference() {
        BatchInvariance result = check(
                values -> {
                    values[9] = Float.NaN;
                    return values;
                },
                new FloatTensor(IMAGE.shape(), new float[] {1, Float.NaN, 3, 4, 5, 6, 7, 8}),
                2);

        assertThat(result.verdict()).isEqualTo(Verdict.PASS);
        assertThat(result.bitIdentical()).isTrue();
    }

    /** Boxes reach far beyond 1 and scores do not: what is nothing for the ones is much for the others. */
    @Test
    void everyOutputIsComparedRelativeToItsOwnValues() {
        Function<Float, Prediction> boxes = score -> new Prediction(Map.of(
                "boxes",
                Tensor.of(new float[] {0, 0, 640, 480}, 1, 4),
                "scores",
                Tensor.of(new float[] {score}, 1, 1)));
        Map<String, Tensor> alone = Map.of(
                "boxes", Tensor.of(new float[] {0, 0, 640, 480}, 1, 1, 4),
                "scores", Tensor.of(new float[] {0.5f}, 1, 1, 1));

        BatchInvariance result = InvarianceCheck.check(
                batch -> List.of(boxes.apply(0.5f), boxes.apply(0.51f)),
                IMAGE,
                alone,
                2,
                Decisions.HIGHEST,
                TensorType.FLOAT32);

        assertThat(result.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(result.reason()).contains("depends on its batch: scores differs by 0.0100");
    }

    /** Each answer is larger than the one before, for whatever input. */
    @Test
    void aModelThatAnswersAtRandomIsNotBlamedOnBatches() {
        float[] answers = {1};
        Function<List<ModelInput>, List<Prediction>> model = images -> images.stream()
                .map(image -> output(Tensor.of(new float[] {answers[0]++}, 1, 1)))
                .toList();

        BatchInvariance result = InvarianceCheck.check(
                model,
                IMAGE,
                Map.of("output", Tensor.of(new float[1], 1, 1, 1)),
                2,
                Decisions.HIGHEST,
                TensorType.FLOAT32);

        assertThat(result.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(result.reason()).startsWith("random: answers differ for the same input");
    }

    /** One box where the batch has as many images: no batch axis, whatever it looks like. */
    @Test
    void detectionsAreComparedObjectByObject() {
        Prediction one = detections(new float[] {1, 1, 5, 5, 20, 20, 30, 30}, 0.9f, 0.3f);
        Prediction exchanged = detections(new float[] {20, 20, 30, 30, 1, 1, 5, 5}, 0.3f, 0.9f);
        Prediction stranger = detections(new float[] {40, 1, 50, 9}, 0.8f);

        assertThat(batchOfTwo(one, stranger, exchanged).verdict()).isEqualTo(Verdict.PASS);
        assertThat(batchOfTwo(one, stranger, exchanged).bitIdentical()).isTrue();
        BatchInvariance lost = batchOfTwo(one, stranger, detections(new float[] {1, 1, 5, 5}, 0.9f));
        assertThat(lost.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(lost.maxAbsoluteDifference()).isEqualTo(0.3f);
        assertThat(lost.reason()).contains("scores differs by 0.300");
        BatchInvariance moved =
                batchOfTwo(one, stranger, detections(new float[] {1, 1.1f, 5, 5, 20, 20, 30, 30}, 0.9f, 0.3f));
        assertThat(moved.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(moved.reason()).contains("boxes differs by 0.100");
        assertThat(batchOfTwo(stranger, one, stranger).verdict()).isEqualTo(Verdict.PASS);
    }

    private static BatchInvariance batchOfTwo(Prediction alone, Prediction mate, Prediction together) {
        return InvarianceCheck.check(
                batch -> batch.size() == 1 ? List.of(alone) : List.of(mate, together),
                IMAGE,
                alone.outputs(),
                2,
                Decisions.HIGHEST,
                TensorType.FLOAT32);
    }

    private static Prediction detections(float[] boxes, float... scores) {
        return new Prediction(Map.of(
                "boxes", Tensor.of(boxes, scores.length, 4),
                "labels", Tensor.of(new float[scores.length], scores.length),
                "scores", Tensor.of(scores, scores.length)));
    }

    private BatchInvariance check(UnaryOperator<float[]> fault, int largest) {
        return check(fault, IMAGE, largest);
    }

    /** The identity, but for what a fault does to the values of a batch. */
    private BatchInvariance check(UnaryOperator<float[]> fault, FloatTensor image, int largest) {
        int each = image.values().length;
        Function<List<ModelInput>, List<Prediction>> model = images -> {
            batches.add(images.size());
            float[] values = new float[images.size() * each];
            for (int i = 0; i < images.size(); i++) {
                System.arraycopy(((FloatTensor) images.get(i)).values(), 0, values, i * each, each);
            }
            float[] faulty = images.size() == 1 ? values : fault.apply(values);
            List<Prediction> predictions = new ArrayList<>();
            for (int i = 0; i < images.size(); i++) {
                predictions.add(
                        output(new FloatTensor(image.shape(), Arrays.copyOfRange(faulty, i * each, (i + 1) * each))));
            }
            return predictions;
        };
        Map<String, Tensor> alone =
                Map.of("output", new FloatTensor(image.shape().prepend(1), image.values()));
        return InvarianceCheck.check(model, image, alone, largest, Decisions.HIGHEST, TensorType.FLOAT32);
    }

    private static Prediction output(Tensor values) {
        return new Prediction(Map.of("output", values));
    }
}
