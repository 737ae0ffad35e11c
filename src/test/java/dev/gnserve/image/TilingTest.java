package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TilingTest {

    private static final Normalization IDENTITY = new Normalization.Fixed(1, List.of(0f, 0f, 0f), List.of(1f, 1f, 1f));

    @Test
    void anImageThatFitsIsOneTile() {
        PreparedImage prepared = preprocessor(64, 16, 8).prepare(gradient(60, 41));

        assertThat(prepared.tiles()).isOne();
        assertThat(prepared.tileWidth()).isEqualTo(64);
        assertThat(prepared.tileHeight()).isEqualTo(48);
    }

    @Test
    void linearFieldsAreReconstructedInEveryPixel() {
        Random random = new Random(1);
        for (int i = 0; i < 60; i++) {
            int size = 8 * (2 + random.nextInt(5));
            int overlap = random.nextInt(size / 2 + 1);
            UprightImage image = gradient(1 + random.nextInt(150), 1 + random.nextInt(150));
            PreparedImage prepared = preprocessor(size, overlap, 8).prepare(image);

            PlanarImage whole = prepared.blend(tiles(prepared));

            assertThat(whole.width()).isEqualTo(image.width());
            assertThat(whole.height()).isEqualTo(image.height());
            for (int y = 0; y < image.height(); y++) {
                for (int x = 0; x < image.width(); x++) {
                    assertThat(whole.value(0, y, x)).isCloseTo(image.sample(x, y, 0), within(1e-4f));
                }
            }
        }
    }

    @Test
    void theWeightOfATileFadesTowardsItsNeighbours() {
        PreparedImage prepared = preprocessor(32, 16, 8).prepare(gradient(48, 8));
        PlanarImage zero = new PlanarImage(1, 8, 32, new float[32 * 8]);
        float[] ones = new float[32 * 8];
        Arrays.fill(ones, 1);

        PlanarImage blended = prepared.blend(List.of(zero, new PlanarImage(1, 8, 32, ones)));

        for (int x = 0; x < 48; x++) {
            float weight = blended.value(0, 0, x);
            float before = x == 0 ? 0 : blended.value(0, 0, x - 1);
            assertThat(weight).isBetween(before, Math.min(1, before + 0.11f));
        }
        assertThat(blended.value(0, 3, 15)).isZero();
        assertThat(blended.value(0, 3, 32)).isOne();
    }

    @Test
    void coarserOutputsAreScaledToTheirTile() {
        PreparedImage prepared = preprocessor(32, 8, 8).prepare(gradient(70, 50));
        List<PlanarImage> outputs = new ArrayList<>();
        for (int i = 0; i < prepared.tiles(); i++) {
            float[] values = new float[2 * 8 * 8];
            Arrays.fill(values, 64, 128, 0.25f);
            outputs.add(new PlanarImage(2, 8, 8, values));
        }

        PlanarImage blended = prepared.blend(outputs);

        assertThat(blended.channels()).isEqualTo(2);
        assertThat(blended.value(0, 49, 69)).isZero();
        assertThat(blended.value(1, 49, 69)).isCloseTo(0.25f, within(1e-6f));
    }

    @Test
    void rowsComeOnceAndInOrder() {
        PreparedImage prepared = preprocessor(16, 4, 8).prepare(gradient(40, 61));
        List<Integer> rows = new ArrayList<>();
        TileBlender blender = prepared.blender(3, (y, row) -> rows.add(y));

        tiles(prepared).forEach(blender::add);

        assertThat(rows).hasSize(61).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void aTileTooManyIsRefused() {
        PreparedImage prepared = preprocessor(16, 4, 8).prepare(gradient(16, 16));
        TileBlender blender = prepared.blender(3, (y, row) -> {});
        blender.add(prepared.tile(0));

        assertThatThrownBy(() -> blender.add(prepared.tile(0))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void tilesShrinkToWhatReachesOverTheImage() {
        assertThat(new Tiling(768, 96, true).side(1024, 16)).isEqualTo(560); // 2 * 560 - 96 = 1,024
        assertThat(new Tiling(768, 96, true).side(769, 16))
                .isEqualTo(448); // 2 * 433 - 96 = 770, and 448 is the next multiple
        assertThat(new Tiling(768, 96, true).side(1440, 16)).isEqualTo(768); // the last side of two tiles
        assertThat(new Tiling(768, 96, true).side(1441, 16)).isEqualTo(560); // 3 * 545 - 2 * 96 = 1,443
        assertThat(new Tiling(768, 96).side(1024, 16)).isEqualTo(768);
    }

    @Test
    void shrunkTilesCoverTheImageWithAsManyTilesAndTheOverlap() {
        Random random = new Random(2);
        for (int i = 0; i < 2_000; i++) {
            int size = 8 * (2 + random.nextInt(20));
            int overlap = random.nextInt(size / 2 + 1);
            int length = 8 * (1 + random.nextInt(100));
            TileAxis full = TileAxis.of(length, new Tiling(size, overlap), 8);

            TileAxis axis = TileAxis.of(length, new Tiling(size, overlap, true), 8);

            assertThat(axis.starts).hasSameSizeAs(full.starts);
            assertThat(axis.tile).isLessThanOrEqualTo(full.tile);
            assertThat(axis.tile % 8).isZero();
            int last = axis.starts.length - 1;
            assertThat(axis.starts[0]).isZero();
            assertThat(axis.starts[last] + axis.tile).isEqualTo(length);
            for (int tile = 1; tile <= last; tile++) {
                assertThat(axis.starts[tile - 1] + axis.tile - axis.starts[tile])
                        .isGreaterThanOrEqualTo(overlap);
            }
        }
    }

    @Test
    void aTileThatTheNetworkCannotHalveIsRefused() {
        assertThatThrownBy(() -> preprocessor(20, 4, 8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("20");
    }

    private static List<PlanarImage> tiles(PreparedImage prepared) {
        List<PlanarImage> tiles = new ArrayList<>();
        for (int i = 0; i < prepared.tiles(); i++) {
            PlanarImage tile = prepared.tile(i);
            assertThat(tile.width()).isEqualTo(prepared.tileWidth());
            assertThat(tile.height()).isEqualTo(prepared.tileHeight());
            tiles.add(tile);
        }
        return tiles;
    }

    private static Preprocessor preprocessor(int tile, int overlap, int multiple) {
        return new Preprocessor(
                ChannelOrder.RGB,
                SampleRange.FULL,
                new Resize.None(),
                IDENTITY,
                Padding.reflect(multiple),
                new Tiling(tile, overlap));
    }

    private static UprightImage gradient(int width, int height) {
        byte[] samples = new byte[width * height];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                samples[y * width + x] = (byte) ((x * 3 + y * 2) / 4);
            }
        }
        return UprightImage.of8Bit(width, height, 1, samples);
    }
}
