package dev.gnserve.norm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class GroupNormShapeTest {

    @Test
    void takesAnyRankFromTwo() {
        assertThat(shape(4, 48)).isEqualTo(new GroupNormShape(4, 48, 6, 1, MemoryFormat.CONTIGUOUS));
        assertThat(shape(4, 48, 7).positions()).isEqualTo(7);
        assertThat(shape(4, 48, 7, 3).positions()).isEqualTo(21);
        assertThat(shape(4, 48, 7, 3, 2).positions()).isEqualTo(42);
        assertThat(GroupNormShape.of(new int[] {4, 7, 3, 48}, 6, MemoryFormat.CHANNELS_LAST))
                .isEqualTo(new GroupNormShape(4, 48, 6, 21, MemoryFormat.CHANNELS_LAST));
    }

    @Test
    void emptyAxesAreLegal() {
        assertThat(shape(0, 48, 7, 3).size()).isZero();
        assertThat(shape(2, 48, 0, 3).size()).isZero();
        assertThat(shape(2, 0, 5).size()).isZero();
    }

    @Test
    void groupsThatDoNotDivideTheChannelsAreRefusedWithTheLegalOnes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GroupNormShape.of(new long[] {2, 6, 4}, 4, MemoryFormat.CONTIGUOUS))
                .withMessage(
                        "Expected number of channels in input to be divisible by num_groups, but got input of shape"
                                + " [2, 6, 4] and num_groups=4; with 6 channels, num_groups may be 1, 2, 3, 6");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GroupNormShape(2, 16, 5, 4, MemoryFormat.CHANNELS_LAST))
                .withMessageContaining("num_groups=5; with 16 channels, num_groups may be 1, 2, 4, 8, 16");
    }

    @Test
    void groupsMustBePositive() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GroupNormShape.of(new int[] {2, 6, 4}, -2, MemoryFormat.CONTIGUOUS))
                .withMessageStartingWith("Expected num groups to be greater than 0, got -2")
                .withMessageContaining("1, 2, 3, 6");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GroupNormShape(2, 6, 0, 4, MemoryFormat.CONTIGUOUS))
                .withMessageContaining("got 0");
    }

    @Test
    void oneAxisIsTooFew() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GroupNormShape.of(new int[] {6}, 2, MemoryFormat.CONTIGUOUS))
                .withMessageStartingWith("Expected at least 2 dimensions for input tensor but received 1");
    }

    @Test
    void negativeAndOverlongAxesAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> shape(2, 6, -1)).withMessageContaining("[2, 6, -1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> shape(0, 6, 1L << 40))
                .withMessageContaining("2147483647");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> shape(65536, 6, 65536))
                .withMessageContaining("[65536, 6, 65536]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GroupNormShape(65536, 6, 2, 65536, MemoryFormat.CONTIGUOUS))
                .withMessageContaining("2147483647");
    }

    private static GroupNormShape shape(long... axes) {
        return GroupNormShape.of(axes, 6, MemoryFormat.CONTIGUOUS);
    }
}
