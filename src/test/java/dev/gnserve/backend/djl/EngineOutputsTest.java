package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineOutputs.Lists;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;

class EngineOutputsTest {

    private static final EngineValue NONE = new EngineValue.Nothing();
    private static final EngineValue THREE = new EngineValue.Numbers(
            new RawTensor(ElementType.INT64, TensorShape.of(), new byte[] {3, 0, 0, 0, 0, 0, 0, 0}), "int");

    @Test
    void aTensorIsSplitAlongItsFirstAxis() {
        List<Prediction> parts = predictions(tensor(shape(2, 3), 1, 2, 3, 4, 5, 6), 2);

        assertThat(parts.get(1).outputs()).containsOnlyKeys("output");
        assertThat(parts.get(1).first().shape()).isEqualTo(TensorShape.of(3));
        assertThat(parts.get(1).first().floats()).containsExactly(4, 5, 6);
    }

    @Test
    void dictionariesTuplesAndListsOfBatchedTensorsAreSplitByName() {
        EngineValue first = tensor(shape(2), 1, 2);
        EngineValue second = tensor(shape(2), 3, 4);

        assertThat(floats(predictions(dictionary("a", first, "b", second), 2).get(1)))
                .isEqualTo(Map.of("a", List.of(2f), "b", List.of(4f)));
        assertThat(floats(predictions(tuple(first, second), 2).get(1)))
                .isEqualTo(Map.of("output0", List.of(2f), "output1", List.of(4f)));
        assertThat(floats(predictions(tuple(list(first, second), second), 2).get(1)))
                .isEqualTo(Map.of("output0", List.of(2f), "output1", List.of(4f), "output2", List.of(4f)));
        assertThat(floats(predictions(dictionary("a", dictionary("b", first), "c", list(second)), 2)
                        .get(1)))
                .isEqualTo(Map.of("a.b", List.of(2f), "c.0", List.of(4f)));
    }

    @Test
    void aDictionaryForEachInputKeepsItsOwnKeys() {
        EngineValue one = dictionary("boxes", tensor(shape(1), 1));
        EngineValue two = dictionary("boxes", tensor(shape(1), 2), "masks", tensor(shape(2), 3, 4));

        List<Prediction> parts = predictions(list(one, two, one), 3);

        assertThat(floats(parts.get(0))).isEqualTo(Map.of("boxes", List.of(1f)));
        assertThat(floats(parts.get(1))).isEqualTo(Map.of("boxes", List.of(2f), "masks", List.of(3f, 4f)));
        assertThat(floats(parts.get(2))).isEqualTo(Map.of("boxes", List.of(1f)));
    }

    @Test
    void emptyLossesBeforeTheDictionariesCountForNothing() {
        EngineValue found = list(dictionary("boxes", tensor(shape(1), 1)), dictionary("boxes", tensor(shape(1), 2)));

        assertThat(floats(predictions(tuple(dictionary(), found), 2).get(1))).isEqualTo(Map.of("boxes", List.of(2f)));
    }

    @Test
    void lossesThatAreNotEmptyAreRefused() {
        EngineValue found = list(dictionary("boxes", tensor(shape(1), 1)));

        assertFault(tuple(dictionary("loss", tensor(shape(1), 1)), found), 1).hasMessageContaining("eval()");
    }

    @Test
    void aListOfDictionariesOfAnotherLengthThanTheBatchIsRefusedWithBothNumbers() {
        EngineValue one = dictionary("boxes", tensor(shape(2), 1, 2));

        assertFault(list(one), 2).hasMessageContaining("a list of 1 results for a batch of 2");
        assertFault(list(one, one, one, one), 2).hasMessageContaining("a list of 4 results for a batch of 2");
        assertFault(list(), 2).hasMessageContaining("a list of 0 results for a batch of 2");
    }

    @Test
    void anInputWithoutAnOutputIsRefusedWithItsPlace() {
        EngineValue one = dictionary("boxes", tensor(shape(1), 1));

        assertFault(list(one, dictionary()), 2).hasMessageContaining("no output for image 2 of 2");
        assertFault(list(one, NONE), 2).hasMessageContaining("no output for image 2 of 2");
        assertFault(list(dictionary("boxes", NONE), one), 2).hasMessageContaining("no output for image 1 of 2");
        assertFault(tuple(), 1).hasMessageContaining("no output");
    }

    @Test
    void noneIsAnOutputThatIsNotThereAndOthersKeepTheirNumbers() {
        EngineValue first = tensor(shape(1), 1);

        assertThat(floats(predictions(tuple(first, NONE, first), 1).get(0))).containsOnlyKeys("output0", "output2");
        assertThat(floats(predictions(dictionary("out", first, "aux", NONE), 1).get(0)))
                .containsOnlyKeys("out");
    }

    @Test
    void aNumberBesideBatchedOutputsIsRefusedByName() {
        EngineValue first = tensor(shape(1), 1);

        assertFault(dictionary("out", first, "size", THREE), 1)
                .hasMessageContaining("\"size\" is of type int")
                .hasMessageContaining("first axis is the batch");
        assertFault(tuple(first, THREE), 1).hasMessageContaining("\"output1\" is of type int");
        assertFault(tuple(first, new EngineValue.Foreign("str")), 1).hasMessageContaining("\"output1\" is of type str");
    }

    @Test
    void aNumberInTheResultOfAnInputIsATensor() {
        EngineValue one = dictionary("boxes", tensor(shape(1), 1), "count", THREE);

        Tensor count = predictions(list(one), 1).get(0).outputs().get("count");

        assertThat(count.type()).isEqualTo(ElementType.INT64);
        assertThat(count.shape()).isEqualTo(TensorShape.of());
        assertThat(count.floats()).containsExactly(3);
        assertFault(list(dictionary("label", new EngineValue.Foreign("str"))), 1)
                .hasMessageContaining("\"label\" is of type str, which no tensor can hold");
    }

    @Test
    void aFirstAxisThatIsNotTheBatchIsRefusedByName() {
        assertFault(tuple(tensor(shape(2), 1, 2), tensor(shape(1, 2), 1, 2)), 2)
                .hasMessageContaining("\"output1\" has shape [1, 2] for a batch of 2");
    }

    @Test
    void outputsOfOneNameAreAllKept() {
        EngineValue first = tensor(shape(1), 1);
        EngineValue second = tensor(shape(1), 2);

        assertThat(floats(predictions(tuple(dictionary("a", first), dictionary("a", second)), 1)
                        .get(0)))
                .isEqualTo(Map.of("a", List.of(1f), "a[1]", List.of(2f)));
    }

    @Test
    void outputsOfAListOfDictionariesHaveItsNumbers() {
        EngineValue one = dictionary("boxes", tensor(shape(1), 1));
        EngineValue two = dictionary("boxes", tensor(shape(1), 2), "masks", tensor(shape(1), 3));

        assertThat(EngineOutputs.named(tuple(dictionary(), list(one, two))))
                .containsOnlyKeys("boxes", "boxes[1]", "masks[1]");
    }

    @Test
    void aListAsLongAsTheBatchIsWhatAnotherBatchShows() {
        EngineValue one = tensor(shape(1), 1);
        EngineValue two = tensor(shape(2), 1, 2);

        assertThat(EngineOutputs.isAmbiguous(list(two, two), 2)).isTrue();
        assertThat(EngineOutputs.isAmbiguous(list(two, two, two), 2)).isFalse();
        assertThat(EngineOutputs.isAmbiguous(dictionary("masks", list(two, two)), 2))
                .isTrue();
        assertThat(EngineOutputs.isAmbiguous(list(dictionary("a", two), dictionary("a", two)), 2))
                .isFalse();
        assertThat(EngineOutputs.compare(list(two, two), 2, list(one, one), 1)).isEqualTo(Lists.OF_OUTPUTS);
        assertThat(EngineOutputs.compare(list(two, two), 2, list(two), 1)).isEqualTo(Lists.OF_RESULTS);
        assertThat(EngineOutputs.compare(tuple(list(two, two)), 2, tuple(list(two)), 1))
                .isEqualTo(Lists.INSIDE);
        assertThat(EngineOutputs.compare(list(list(two, two)), 2, list(list(two)), 1))
                .isEqualTo(Lists.INSIDE);
        assertThat(EngineOutputs.compare(
                        dictionary("b", two, "a", list(two, two)), 2, dictionary("a", list(one, one)), 1))
                .isEqualTo(Lists.OF_OUTPUTS);
    }

    @Test
    void listsForEachImageInsideOfAnotherValueAreRefused() {
        EngineValue value = tuple(list(tensor(shape(1), 1)), list(tensor(shape(1), 2)));

        assertThatThrownBy(() -> EngineOutputs.predictions(value, 1, Lists.INSIDE))
                .hasMessageContaining("a list with one dictionary per image");
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertFault(EngineValue value, int batch) {
        return assertThatThrownBy(() -> predictions(value, batch))
                .isInstanceOfSatisfying(
                        FailureException.class,
                        e -> assertThat(e.failure().code()).isEqualTo(FailureCode.ENGINE_FAULT));
    }

    private static List<Prediction> predictions(EngineValue value, int batch) {
        return EngineOutputs.predictions(value, batch, Lists.OF_OUTPUTS);
    }

    private static Map<String, List<Float>> floats(Prediction prediction) {
        Map<String, List<Float>> all = new LinkedHashMap<>();
        prediction.outputs().forEach((name, tensor) -> {
            List<Float> values = new ArrayList<>();
            for (float value : tensor.floats()) {
                values.add(value);
            }
            all.put(name, values);
        });
        return all;
    }

    private static TensorShape shape(int... sizes) {
        return TensorShape.of(sizes);
    }

    private static EngineValue tensor(TensorShape shape, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
        bytes.asFloatBuffer().put(values);
        return new EngineValue.Array(shape, ElementType.FP32, bytes);
    }

    private static EngineValue list(EngineValue... elements) {
        return new EngineValue.Listing(List.of(elements));
    }

    private static EngineValue tuple(EngineValue... elements) {
        return new EngineValue.Tuple(List.of(elements));
    }

    private static EngineValue dictionary(Object... keysAndValues) {
        Map<String, EngineValue> entries = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            entries.put((String) keysAndValues[i], (EngineValue) keysAndValues[i + 1]);
        }
        return new EngineValue.Dictionary(entries);
    }
}
