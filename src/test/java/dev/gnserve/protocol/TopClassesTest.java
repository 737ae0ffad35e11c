package dev.gnserve.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.pipeline.OutputHeap;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts as in the examples of Triton's extension_classification.md. */
class TopClassesTest {

    private static final OutputTensor OUTPUT = new OutputTensor(
            "out", List.of(Tensor.of(new float[] {0.25f, 0.5f, -1}, 3), Tensor.of(new float[] {2, 2, 1}, 3)));

    @Test
    void theLargestValuesComeFirstAndOfEqualOnesTheFirst() {
        TopClasses top = top(OUTPUT, 2);

        assertThat(top.texts()).containsExactly("0.500000:1", "0.250000:0", "2.000000:0", "2.000000:1");
        assertThat(top.shape()).isEqualTo(TensorShape.of(2, 2));
        assertThat(top.datatype()).isEqualTo("BYTES");
        assertThat(top.bytes()).isEqualTo(4 * (4 + 10));
    }

    @Test
    void labelsAreGivenWhereThereIsOneForEachValue() {
        assertThat(top(OUTPUT, 1, "a", "b", "c").texts()).containsExactly("0.500000:1:b", "2.000000:0:a");
        assertThat(top(OUTPUT, 1, "a", "b").texts()).containsExactly("0.500000:1", "2.000000:0");
    }

    @Test
    void noMoreValuesAreReturnedThanThereAre() {
        assertThat(top(OUTPUT, 9).shape()).isEqualTo(TensorShape.of(2, 3));
    }

    @Test
    void wholeNumbersAreRankedAsTheyAre() {
        ByteBuffer values = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(9007199254740992L)
                .putLong(9007199254740993L); // One more than float64 can tell from the other.
        RawTensor tensor = new RawTensor(ElementType.INT64, TensorShape.of(2), values.array());

        assertThat(top(new OutputTensor("out", List.of(tensor)), 2).texts())
                .containsExactly("9007199254740993:1", "9007199254740992:0");
    }

    @Test
    void truthValuesHaveNoOrder() {
        RawTensor tensor = new RawTensor(ElementType.BOOL, TensorShape.of(2), new byte[] {0, 1});
        OutputTensor output = new OutputTensor("out", List.of(tensor));

        assertThatThrownBy(() -> top(output, 1))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("truth values, which have no order");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 100, 199, 200})
    void theSelectionIsTheStartOfTheSortedValues(int count) {
        Random random = new Random(count);
        float[] values = new float[200];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(50) - 25; // With equal ones.
        }
        values[3] = Float.NEGATIVE_INFINITY;
        values[150] = Float.POSITIVE_INFINITY;
        List<String> sorted = IntStream.range(0, values.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -values[i]).thenComparing(i -> i))
                .limit(count)
                .map(String::valueOf)
                .toList();

        TopClasses top = top(new OutputTensor("out", List.of(Tensor.of(values, 200))), count);

        assertThat(top.texts()).extracting(text -> text.split(":", -1)[1]).containsExactlyElementsOf(sorted);
    }

    @Test
    void eachTypeIsPrintedAsItIs() {
        assertThat(top(raw(ElementType.UINT8, (byte) 200, (byte) 3), 2).texts()).containsExactly("200:0", "3:1");
        assertThat(top(raw(ElementType.INT8, (byte) -56, (byte) 3), 2).texts()).containsExactly("3:1", "-56:0");
        assertThat(top(raw(ElementType.INT32, 0, 0, 0, -128, -1, -1, -1, 127), 2)
                        .texts())
                .containsExactly("2147483647:1", "-2147483648:0");
        assertThat(top(raw(ElementType.FP16, 0, 0xC0, 0, 0x3C), 2).texts())
                .containsExactly("1.000000:1", "-2.000000:0");
        assertThat(top(raw(ElementType.FP64, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0xE0, 0x3F), 2)
                        .texts())
                .containsExactly("0.500000:1", "-2.000000:0");
    }

    /** The deadline passes, or the client goes away. */
    @Test
    void theRankingOfManyItemsCanBeCancelled() {
        int[] asked = {0};

        assertThatThrownBy(() -> TopClasses.of(OUTPUT, 1, List.of(), OutputHeap.UNCOUNTED, () -> {
                    if (++asked[0] == 2) {
                        throw new IllegalStateException("cancelled");
                    }
                }))
                .hasMessage("cancelled");
    }

    private static TopClasses top(OutputTensor output, int count, String... labels) {
        return TopClasses.of(output, count, List.of(labels), OutputHeap.UNCOUNTED, Cancellation.NEVER);
    }

    private static OutputTensor raw(ElementType type, int... bytes) {
        byte[] values = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            values[i] = (byte) bytes[i];
        }
        return new OutputTensor(
                "out", List.of(new RawTensor(type, TensorShape.of(bytes.length / type.bytes()), values)));
    }
}
