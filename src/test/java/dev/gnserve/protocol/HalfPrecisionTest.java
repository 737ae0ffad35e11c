package dev.gnserve.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.TensorShape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalfPrecisionTest {

    /** The oracle is the conversion of RawTensor from half to float32, which is exact. */
    @Test
    void everyFiniteHalfComesBackAsItself() {
        for (int bits = 0; bits <= 0xFFFF; bits++) {
            byte[] bytes = {(byte) bits, (byte) (bits >> 8)};
            float value = new RawTensor(ElementType.FP16, TensorShape.of(1), bytes).floats()[0];
            if (Float.isFinite(value)) {
                assertThat(HalfPrecision.bits(value) & 0xFFFF).as("%04x", bits).isEqualTo(bits);
            }
        }
    }

    /** Expected bits from numpy.float16(x).view(numpy.uint16). */
    @ParameterizedTest
    @CsvSource({
        "0.1, 2e66",
        "1.00048828125, 3c00",
        "1.000488281250001, 3c01",
        "1.00146484375, 3c02",
        "-3.14159, c248",
        "2047.5, 6800",
        "65519.99, 7bff",
        "2.98023223876953125e-8, 0000",
        "2.9803e-8, 0001",
        "6.0976e-5, 03ff",
        "-1e-300, 8000"
    })
    void valuesInBetweenAreRoundedToTheNearestAndTiesToEven(double value, String bits) {
        assertThat(String.format("%04x", HalfPrecision.bits(value) & 0xFFFF)).isEqualTo(bits);
    }

    @Test
    void whatRoundsToInfinityDoesNotFit() {
        assertThat(HalfPrecision.fits(65_519.99)).isTrue();
        assertThat(HalfPrecision.fits(65_520)).isFalse();
        assertThat(HalfPrecision.fits(-1e10)).isFalse();
        assertThat(HalfPrecision.fits(Double.NaN)).isFalse();
    }
}
