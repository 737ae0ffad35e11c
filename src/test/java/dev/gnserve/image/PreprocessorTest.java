package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PreprocessorTest {

    private static final Normalization TO_ONE =
            new Normalization.Fixed(1 / 255f, List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));
    private static final Normalization GRAY_TO_ONE = new Normalization.Fixed(1 / 255f, List.of(0f), List.of(1f));

    @Test
    void coloursComeInTheOrderAskedFor() {
        UprightImage pixel = UprightImage.of8Bit(1, 1, 3, new byte[] {(byte) 255, 51, 0});

        assertThat(whole(pixel, ChannelOrder.RGB, TO_ONE)).containsExactly(new float[] {1, 0.2f, 0}, within(1e-6f));
        assertThat(whole(pixel, ChannelOrder.BGR, TO_ONE)).containsExactly(new float[] {0, 0.2f, 1}, within(1e-6f));
        assertThat(whole(pixel, ChannelOrder.GRAY, GRAY_TO_ONE))
                .containsExactly(new float[] {0.299f + 0.2f * 0.587f}, within(1e-6f));
    }

    @Test
    void grayImagesFillEveryChannel() {
        UprightImage pixel = UprightImage.of8Bit(1, 1, 1, new byte[] {51});

        assertThat(whole(pixel, ChannelOrder.BGR, TO_ONE))
                .containsExactly(new float[] {0.2f, 0.2f, 0.2f}, within(1e-6f));
    }

    @Test
    void sixteenBitsKeepTheirFractions() {
        UprightImage pixels = UprightImage.of16Bit(3, 1, 1, new short[] {(short) 65535, 1, (short) 32768});

        assertThat(whole(pixels, ChannelOrder.GRAY, GRAY_TO_ONE))
                .containsExactly(new float[] {1, 1 / 65535f, 32768 / 65535f}, within(1e-7f));
    }

    @Test
    void paddingMirrorsWithoutTheEdge() {
        UprightImage image = UprightImage.of8Bit(3, 2, 1, new byte[] {1, 2, 3, 4, 5, 6});
        Normalization none = new Normalization.Fixed(1, List.of(0f), List.of(1f));

        PlanarImage tile = new Preprocessor(
                        ChannelOrder.GRAY, SampleRange.FULL, new Resize.None(), none, Padding.reflect(8), null)
                .prepare(image)
                .tile(0);

        assertThat(row(tile, 0)).containsExactly(1, 2, 3, 2, 1, 2, 3, 2);
        assertThat(row(tile, 1)).containsExactly(4, 5, 6, 5, 4, 5, 6, 5);
        assertThat(row(tile, 2)).containsExactly(1, 2, 3, 2, 1, 2, 3, 2);
    }

    @Test
    void onePixelIsMirroredEverywhere() {
        UprightImage image = UprightImage.of8Bit(1, 1, 1, new byte[] {9});
        Normalization none = new Normalization.Fixed(1, List.of(0f), List.of(1f));

        PlanarImage tile = new Preprocessor(
                        ChannelOrder.GRAY, SampleRange.FULL, new Resize.None(), none, Padding.reflect(4), null)
                .prepare(image)
                .tile(0);

        assertThat(tile.values()).hasSize(16).containsOnly(9);
    }

    @Test
    void constantPaddingIsInUnitsOfTheNetwork() {
        UprightImage image = UprightImage.of8Bit(2, 1, 1, new byte[] {100, 100});
        Normalization shifted = new Normalization.Fixed(1, List.of(90f), List.of(10f));

        PlanarImage tile = new Preprocessor(
                        ChannelOrder.GRAY,
                        SampleRange.FULL,
                        new Resize.Fit(4, 2),
                        shifted,
                        Padding.constant(4, -0.5f),
                        null)
                .prepare(image)
                .tile(0);

        assertThat(tile.height()).isEqualTo(4);
        assertThat(row(tile, 0)).containsExactly(1, 1, 1, 1);
        assertThat(row(tile, 1)).containsExactly(1, 1, 1, 1);
        assertThat(row(tile, 2)).containsExactly(-0.5f, -0.5f, -0.5f, -0.5f);
    }

    @Test
    void tilesAreCutFromTheWholeNormalizedAndPaddedImage() {
        Random random = new Random(5);
        for (int i = 0; i < 40; i++) {
            UprightImage image = random(random, 1 + random.nextInt(90), 1 + random.nextInt(90));
            Padding padding = random.nextBoolean() ? Padding.reflect(8) : Padding.constant(8, 0.25f);
            Normalization percentile = new Normalization.Percentile(1, 99, 1);
            PlanarImage whole = new Preprocessor(
                            ChannelOrder.RGB, SampleRange.FULL, new Resize.None(), percentile, padding, null)
                    .prepare(image)
                    .tile(0);

            PreparedImage tiled = new Preprocessor(
                            ChannelOrder.RGB,
                            SampleRange.FULL,
                            new Resize.None(),
                            percentile,
                            padding,
                            new Tiling(32, 8))
                    .prepare(image);

            int covered = 0;
            for (int t = 0; t < tiled.tiles(); t++) {
                PlanarImage tile = tiled.tile(t);
                Box box = new Box(0, 0, tile.width(), tile.height());
                int left = (int) tiled.toOriginal(t, box).x();
                int top = (int) tiled.toOriginal(t, box).y();
                for (int c = 0; c < 3; c++) {
                    for (int y = 0; y < tile.height(); y++) {
                        for (int x = 0; x < tile.width(); x++) {
                            assertThat(tile.value(c, y, x)).isEqualTo(whole.value(c, top + y, left + x));
                        }
                    }
                }
                covered += tile.width() * tile.height();
            }
            assertThat(covered).isGreaterThanOrEqualTo(whole.width() * whole.height());
        }
    }

    @Test
    void percentilesAreThoseOfTheWholeArray() {
        UprightImage image = random(new Random(8), 61, 47);
        Normalization percentile = new Normalization.Percentile(2, 98, 1);
        float[] expected = new float[3 * 61 * 47];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = image.sample(i % 61, i / 61 % 47, i / (61 * 47));
        }
        percentile.apply(expected, 3);

        assertThat(whole(image, ChannelOrder.RGB, percentile)).isEqualTo(expected);
    }

    @Test
    void onlyTheImageItselfDecidesItsPaddedSize() {
        Preprocessor preprocessor = new Preprocessor(
                ChannelOrder.RGB, SampleRange.FULL, new Resize.None(), TO_ONE, Padding.reflect(16), null);

        PreparedImage prepared = preprocessor.prepare(random(new Random(1), 520, 15));

        assertThat(prepared.tileWidth()).isEqualTo(528);
        assertThat(prepared.tileHeight()).isEqualTo(16);
    }

    @Test
    void sizesFollowTheirRule() {
        assertThat(new Resize.ShortestSide(800, 1333).scaled(640, 480)).isEqualTo(new Resize.Size(1066, 800));
        assertThat(new Resize.ShortestSide(800, 1333).scaled(500, 1000)).isEqualTo(new Resize.Size(666, 1333));
        assertThat(new Resize.ShortestSide(8, 8).scaled(1, 1000)).isEqualTo(new Resize.Size(1, 8));
        assertThat(new Resize.Fit(100, 100).scaled(50, 25)).isEqualTo(new Resize.Size(100, 50));
        assertThat(new Resize.Fit(100, 100).scaled(10, 4000)).isEqualTo(new Resize.Size(1, 100));
        assertThat(new Resize.Stretch(7, 9).scaled(50, 25)).isEqualTo(new Resize.Size(7, 9));
    }

    @Test
    void boxesComeBackToWhereTheyWere() {
        Random random = new Random(6);
        for (int i = 0; i < 2000; i++) {
            int width = 1 + random.nextInt(3000);
            int height = 1 + random.nextInt(3000);
            Geometry geometry = Geometry.of(width, height, resize(random), Padding.reflect(1 + random.nextInt(32)));
            double left = random.nextDouble() * width;
            double top = random.nextDouble() * height;
            Box box = Box.ofCorners(
                    left, top, left + random.nextDouble() * (width - left), top + random.nextDouble() * (height - top));

            Box back = geometry.toOriginal(geometry.toInput(box));

            assertThat(back.x()).isCloseTo(box.x(), within(1e-9));
            assertThat(back.y()).isCloseTo(box.y(), within(1e-9));
            assertThat(back.right()).isCloseTo(box.right(), within(1e-9));
            assertThat(back.bottom()).isCloseTo(box.bottom(), within(1e-9));
            assertThat(geometry.toOriginal(new Box(0, 0, geometry.scaledWidth(), geometry.scaledHeight())))
                    .isEqualTo(new Box(0, 0, width, height));
            assertThat(geometry.toOriginal(new Box(-5, -5, 100_000, 100_000))).isEqualTo(new Box(0, 0, width, height));
        }
    }

    @Test
    void scoresComeBackAtTheSizeOfTheOriginal() {
        Random random = new Random(7);
        for (int i = 0; i < 40; i++) {
            UprightImage image = random(random, 1 + random.nextInt(60), 1 + random.nextInt(60));
            PreparedImage prepared = new Preprocessor(
                            ChannelOrder.RGB, SampleRange.FULL, resize(random), TO_ONE, Padding.constant(8, 0), null)
                    .prepare(image);
            PlanarImage input = prepared.tile(0);
            float[] output = new float[2 * input.height() * input.width()];
            for (int y = 0; y < input.height(); y++) {
                for (int x = 0; x < input.width(); x++) {
                    // 1 in the left half of what shows the image, and in its upper half; 9 in the padding.
                    boolean padding = x >= prepared.geometry().scaledWidth()
                            || y >= prepared.geometry().scaledHeight();
                    output[y * input.width() + x] =
                            padding ? 9 : (x + 0.5f) / prepared.geometry().scaledWidth();
                    output[(input.height() + y) * input.width() + x] =
                            padding ? 9 : (y + 0.5f) / prepared.geometry().scaledHeight();
                }
            }

            PlanarImage scores = prepared.blend(List.of(new PlanarImage(2, input.height(), input.width(), output)));

            assertThat(scores.width()).isEqualTo(image.width());
            assertThat(scores.height()).isEqualTo(image.height());
            float blurX = 1f / Math.min(image.width(), prepared.geometry().scaledWidth());
            float blurY = 1f / Math.min(image.height(), prepared.geometry().scaledHeight());
            for (int y = 0; y < image.height(); y++) {
                for (int x = 0; x < image.width(); x++) {
                    assertThat(scores.value(0, y, x)).isCloseTo((x + 0.5f) / image.width(), within(blurX / 2 + 1e-5f));
                    assertThat(scores.value(1, y, x)).isCloseTo((y + 0.5f) / image.height(), within(blurY / 2 + 1e-5f));
                }
            }
        }
    }

    @Test
    void fittedImagesAreNotCut() {
        assertThatThrownBy(() -> new Preprocessor(
                        ChannelOrder.RGB,
                        SampleRange.FULL,
                        new Resize.Fit(64, 64),
                        TO_ONE,
                        Padding.reflect(8),
                        new Tiling(32, 8)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static Resize resize(Random random) {
        int a = 1 + random.nextInt(70);
        int b = 1 + random.nextInt(70);
        return switch (random.nextInt(4)) {
            case 0 -> new Resize.None();
            case 1 -> new Resize.Stretch(a, b);
            case 2 -> new Resize.ShortestSide(a, a + b);
            default -> new Resize.Fit(a, b);
        };
    }

    private static float[] whole(UprightImage image, ChannelOrder order, Normalization normalization) {
        return new Preprocessor(order, SampleRange.FULL, new Resize.None(), normalization, Padding.NONE, null)
                .prepare(image)
                .tile(0)
                .values();
    }

    private static float[] row(PlanarImage image, int y) {
        float[] row = new float[image.width()];
        image.read(0, y, row.length, row, 0, 0);
        return row;
    }

    private static UprightImage random(Random random, int width, int height) {
        byte[] samples = new byte[width * height * 3];
        random.nextBytes(samples);
        return UprightImage.of8Bit(width, height, 3, samples);
    }
}
