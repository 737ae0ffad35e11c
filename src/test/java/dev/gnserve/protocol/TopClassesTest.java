package dev.gnserve.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Texts as in the examples of Triton's extension_classification.md. */
class TopClassesTest {

    private static final OutputTensor OUTPUT = new OutputTensor(
            "out", List.of(Tensor.of(new float[] {0.25f, 0.5f, -1}, 3), Tensor.of(new float[] {2, 2, 1}, 3)));

    @Test
    void theLargestValuesComeFirstAndOfEqualOnesTheFirst() {
        TopClasses top = TopClasses.of(OUTPUT, 2, List.of());

        assertThat(top.texts()).containsExactly("0.500000:1", "0.250000:0", "2.000000:0", "2.000000:1");
        assertThat(top.shape()).isEqualTo(TensorShape.of(2, 2));
        assertThat(top.datatype()).isEqualTo("BYTES");
        assertThat(top.bytes()).isEqualTo(4 * (4 + 10));
    }

    @Test
    void labelsAreGivenWhereThereIsOneForEachValue() {
        assertThat(TopClasses.of(OUTPUT, 1, List.of("a", "b", "c")).texts())
                .containsExactly("0.500000:1:b", "2.000000:0:a");
        assertThat(TopClasses.of(OUTPUT, 1, List.of("a", "b")).texts()).containsExactly("0.500000:1", "2.000000:0");
    }

    @Test
    void noMoreValuesAreReturnedThanThereAre() {
        assertThat(TopClasses.of(OUTPUT, 9, List.of()).shape()).isEqualTo(TensorShape.of(2, 3));
    }

    @Test
    void wholeNumbersAreRankedAsTheyAre() {
        ByteBuffer values = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(-5)
                .putLong(7);
        RawTensor tensor = new RawTensor(ElementType.INT64, TensorShape.of(2), values.array());

        assertThat(TopClasses.of(new OutputTensor("out", List.of(tensor)), 2, List.of())
                        .texts())
                .containsExactly("7.000000:1", "-5.000000:0");
    }

    @Test
    void truthValuesHaveNoOrder() {
        RawTensor tensor = new RawTensor(ElementType.BOOL, TensorShape.of(2), new byte[] {0, 1});
        OutputTensor output = new OutputTensor("out", List.of(tensor));

        assertThatThrownBy(() -> TopClasses.of(output, 1, List.of()))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("truth values, which have no order");
    }
}
