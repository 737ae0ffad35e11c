package dev.gnserve.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.backend.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Figures that are counted by hand. */
class TensorAgreementTest {

    private static final Tensor SERVED = Tensor.of(new float[] {3, 4}, 2);

    @Test
    void equalOutputsAgreeAndOthersByTheSizeOfTheirDifference() {
        assertThat(agreement(Map.of("a", List.of(SERVED)))).isEqualTo(1);
        // |(0, 1)| / |(3, 4)| = 0.2
        assertThat(agreement(Map.of("a", List.of(Tensor.of(new float[] {3, 5}, 2)))))
                .isCloseTo(0.8, within(1e-12));
        assertThat(agreement(Map.of("a", List.of(Tensor.of(new float[] {-30, 40}, 2)))))
                .isZero();
        assertThat(agreement(Map.of("a", List.of(Tensor.of(new float[] {Float.NaN, 4}, 2)))))
                .isZero();
    }

    @Test
    void whatOneVersionDoesNotHaveDoesNotAgree() {
        assertThat(agreement(Map.of("b", List.of(SERVED)))).isZero();
        assertThat(agreement(Map.of("a", List.of(SERVED), "b", List.of(SERVED))))
                .isEqualTo(0.5);
        assertThat(agreement(Map.of("a", List.of(Tensor.of(new float[] {3, 4, 0}, 3)))))
                .isZero();
        assertThat(agreement(Map.of("a", List.of(SERVED, SERVED)))).isZero();
    }

    private static double agreement(Map<String, List<Tensor>> other) {
        return TensorAgreement.of(Map.of("a", List.of(SERVED)), other);
    }
}
