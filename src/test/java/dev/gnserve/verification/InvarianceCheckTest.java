package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.engine.FloatTensor;
import dev.gnserve.engine.Tensor;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.util.ArrayList;
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
    void roundingIsToleratedAndTold() {
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

    /** One channel of logits: a decision is whether they lie above 0. */
    @Test
    void aLogitThatChangesItsSignChangesTheResult() {
        FloatTensor image = Tensor.of(new float[] {1e-7f, 2}, 1, 2);
        Function<FloatTensor, Map<String, Tensor>> model = batch -> {
            float[] values = batch.values().clone();
            values[2] = -1e-7f;
            return Map.of("output", new FloatTensor(batch.shape(), values));
        };

        BatchInvariance result = InvarianceCheck.check(
                model, image, Map.of("output", Tensor.of(image.values().clone(), 1, 1, 2)), 2, Decisions.HIGHEST);

        assertThat(result.verdict()).isEqualTo(Verdict.PASS);
        assertThat(result.changedDecisions()).isEqualTo(1);
        assertThat(result.resultChanged()).isTrue();
    }

    @Test
    void aModelThatTakesNoBatchesIsNotComparedAndSaysWhy() {
        BatchInvariance result = InvarianceCheck.check(
                batch -> {
                    throw Failure.of(FailureCode.ENGINE_FAULT, "planted").asException();
                },
                IMAGE,
                Map.of("output", new FloatTensor(IMAGE.shape().prepend(1), IMAGE.values())),
                8,
                Decisions.HIGHEST);

        assertThat(result.verdict()).isEqualTo(Verdict.NOT_APPLICABLE);
        assertThat(result.reason()).contains("batch of 2").contains("planted");
    }

    /** The identity, but for what a fault does to the values of a batch. */
    private BatchInvariance check(UnaryOperator<float[]> fault, int largest) {
        Function<FloatTensor, Map<String, Tensor>> model = batch -> {
            batches.add(batch.shape().size(0));
            return Map.of(
                    "output",
                    new FloatTensor(batch.shape(), fault.apply(batch.values().clone())));
        };
        Map<String, Tensor> alone =
                Map.of("output", new FloatTensor(IMAGE.shape().prepend(1), IMAGE.values()));
        return InvarianceCheck.check(model, IMAGE, alone, largest, Decisions.HIGHEST);
    }
}
