package dev.gnserve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OutputDifferenceTest {

    private static Prediction floats(float... values) {
        return new Prediction(Map.of("out", Tensor.of(values, values.length)));
    }

    private static Prediction raw(ElementType type, byte[] values) {
        int count = values.length / type.bytes();
        return new Prediction(Map.of("out", new RawTensor(type, TensorShape.of(count), values)));
    }

    private static Prediction doubles(double one, double other) {
        return raw(
                ElementType.FP64,
                ByteBuffer.allocate(16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putDouble(one)
                        .putDouble(other)
                        .array());
    }

    private static Prediction halves(int one, int other) {
        return raw(
                ElementType.FP16,
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putShort((short) one)
                        .putShort((short) other)
                        .array());
    }

    /** sqrt(1 / 25) */
    @Test
    void numbersOfEveryPrecisionAreCompared() {
        assertThat(OutputDifference.of(floats(3, 4), floats(3, 5))).isCloseTo(0.2, within(1e-7));
        assertThat(OutputDifference.of(doubles(3, 4), doubles(3, 5))).isCloseTo(0.2, within(1e-7));
        assertThat(OutputDifference.of(halves(0x4200, 0x4400), halves(0x4200, 0x4500)))
                .isCloseTo(0.2, within(1e-7));
        assertThat(OutputDifference.of(doubles(3, 4), doubles(3, 4))).isZero();
    }

    @Test
    void ofWholeNumbersThePartThatDiffersCounts() {
        Prediction labels = raw(ElementType.UINT8, new byte[] {1, 2, 3, 4});

        assertThat(OutputDifference.of(labels, raw(ElementType.UINT8, new byte[] {1, 2, 3, 100})))
                .isEqualTo(0.25);
        assertThat(OutputDifference.of(labels, raw(ElementType.UINT8, new byte[] {1, 2, 3, 4})))
                .isZero();
    }

    @Test
    void otherTypesAndShapesAreNoSmallDifference() {
        assertThat(OutputDifference.of(floats(3, 4), doubles(3, 4))).isInfinite();
        assertThat(OutputDifference.of(floats(3, 4), floats(3, 4, 5))).isInfinite();
        assertThat(OutputDifference.of(floats(3, 4), floats(3, Float.NaN))).isNaN();
    }
}
