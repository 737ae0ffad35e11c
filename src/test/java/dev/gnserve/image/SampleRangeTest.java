package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.failure.FailureException;
import dev.gnserve.image.SampleRange.Kind;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Expected values are those of NumPy: {@code (x - a) / (b - a) * 255}, {@code np.percentile(x, p, method="inverted_cdf")}. */
class SampleRangeTest {

    private static final Offset<Float> ROUNDING = within(1e-4f);

    private final UprightImage eight = UprightImage.of8Bit(5, 1, 1, new byte[] {50, 60, 70, 80, (byte) 150});
    private final UprightImage sixteen =
            UprightImage.of16Bit(5, 1, 1, new short[] {100, 200, 300, 1100, (short) 65000});
    private final UprightImage floats =
            UprightImage.ofNumbers(5, 1, 1, new float[] {-2, -1, 0, 0.5f, 3}, "floating-point numbers of 32 bits");

    @Test
    void fullBringsTheRangeOfTheBitsToThatOfEight() {
        assertThat(values(SampleRange.FULL, eight)).containsExactly(50, 60, 70, 80, 150);
        assertThat(values(SampleRange.FULL, sixteen))
                .containsExactly(100 / 257f, 200 / 257f, 300 / 257f, 1100 / 257f, 65000 / 257f);
    }

    @Test
    void samplesOfAnyRangeHaveNoFullRange() {
        assertThatThrownBy(() -> values(SampleRange.FULL, floats))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("floating-point numbers of 32 bits")
                .hasMessageContaining("input.range");
    }

    @Test
    void minMaxStretchesTheImage() {
        SampleRange range = new SampleRange(Kind.MIN_MAX, 0, 100);

        assertThat(values(range, eight)).containsExactly(new float[] {0, 25.5f, 51, 76.5f, 255}, ROUNDING);
        assertThat(values(range, sixteen))
                .containsExactly(new float[] {0, 0.39291f, 0.78582f, 3.92912f, 255}, ROUNDING);
        assertThat(values(range, floats)).containsExactly(new float[] {0, 51, 102, 127.5f, 255}, ROUNDING);
    }

    @Test
    void anEvenImageIsBlack() {
        UprightImage even = UprightImage.of8Bit(3, 1, 1, new byte[] {7, 7, 7});

        assertThat(values(new SampleRange(Kind.MIN_MAX, 0, 100), even)).containsExactly(0, 0, 0);
    }

    @Test
    void percentilesLimitWhatIsBeyondThem() {
        SampleRange range = new SampleRange(Kind.PERCENTILE, 21, 79);

        assertThat(values(range, eight)).containsExactly(new float[] {0, 0, 127.5f, 255, 255}, within(0.02f));
        assertThat(values(range, floats)).containsExactly(new float[] {0, 0, 170, 255, 255}, within(0.02f));
    }

    @Test
    void storedValuesStayAsTheyAre() {
        SampleRange range = new SampleRange(Kind.STORED, 0, 100);

        assertThat(values(range, sixteen)).containsExactly(100, 200, 300, 1100, 65000);
        assertThat(values(range, floats)).containsExactly(-2, -1, 0, 0.5f, 3);
    }

    @Test
    void allChannelsAreStretchedTogether() {
        UprightImage colours = UprightImage.of8Bit(1, 1, 3, new byte[] {10, 20, 60});

        assertThat(values(new SampleRange(Kind.MIN_MAX, 0, 100), colours, ChannelOrder.RGB))
                .containsExactly(new float[] {0, 51, 255}, ROUNDING);
        assertThat(values(new SampleRange(Kind.STORED, 0, 100), colours, ChannelOrder.BGR))
                .containsExactly(60, 20, 10);
    }

    private static float[] values(SampleRange range, UprightImage image) {
        return values(range, image, ChannelOrder.GRAY);
    }

    private static float[] values(SampleRange range, UprightImage image, ChannelOrder order) {
        PlanarRows rows = range.rows(image, order);
        float[] values = new float[rows.channels() * image.width()];
        rows.read(0, 0, image.width(), values, 0, image.width());
        return values;
    }
}
