package dev.gnserve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.process.ResidentMemory;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PassCostTest {

    private static final int MB = 1 << 20;
    private static final TensorShape SHAPE = TensorShape.of(1, 512, 512);

    private final PassMemory memory = new PassMemory(400L * MB);
    private final PassCost cost = new PassCost("model x", memory);

    @BeforeEach
    void onLinuxOnly() {
        assumeThat(ResidentMemory.bytes()).isNotNaN();
    }

    @Test
    void theFirstPassIsMeasuredAndOthersGrowWithTheirInput() {
        pass(SHAPE, 64);

        assertThat(cost.bytes(SHAPE.elements())).isBetween(60L * MB, 160L * MB);
        assertThat(cost.bytes(2L * SHAPE.elements())).isEqualTo(2 * cost.bytes(SHAPE.elements()));
        assertThat(memory.taken()).isZero();
    }

    @Test
    void aBatchIsAsLargeAsTwoOfThemFit() {
        pass(SHAPE, 64);

        assertThat(cost.mostAtOnce(SHAPE.elements())).isEqualTo((int) (200L * MB / cost.bytes(SHAPE.elements())));
        assertThat(cost.mostAtOnce(4096 * 4096)).isOne();
    }

    @Test
    void anInputThatNeverFitsIsRefusedWithTheNumbers() {
        pass(SHAPE, 64);

        assertThat(cost.refusal(SHAPE.elements(), SHAPE)).isNull();
        Failure refusal = cost.refusal(4096 * 4096, TensorShape.of(1, 4096, 4096));
        assertThat(refusal).isNotNull();
        assertThat(refusal.code()).isEqualTo(FailureCode.IMAGE_TOO_LARGE);
        assertThat(refusal.detail())
                .contains("a pass of model x over an input of [1, 4096, 4096] needs about")
                .contains("passes may take 400 MB");
    }

    @Test
    void withoutALimitNothingIsMeasuredOrRefused() {
        PassCost free = new PassCost("model x", PassMemory.unlimited());

        assertThat(free.run(List.of(input(SHAPE)), 1, () -> "done")).isEqualTo("done");
        assertThat(free.refusal(8192 * 8192, TensorShape.of(1, 8192, 8192))).isNull();
        assertThat(free.mostAtOnce(SHAPE.elements())).isEqualTo(Integer.MAX_VALUE);
    }

    /** A pass that takes native memory and gives it back. */
    private void pass(TensorShape shape, int megabytes) {
        cost.run(List.of(input(shape)), 1, () -> {
            ByteBuffer memory = ByteBuffer.allocateDirect(megabytes * MB);
            for (int page = 0; page < memory.capacity(); page += 4096) {
                memory.put(page, (byte) 1);
            }
            return memory;
        });
    }

    private static Tensor input(TensorShape shape) {
        return new FloatTensor(shape, new float[shape.elements()]);
    }
}
