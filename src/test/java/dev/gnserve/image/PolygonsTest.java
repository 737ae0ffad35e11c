package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PolygonsTest {

    @Test
    void aPixelIsItsSquare() {
        assertThat(Polygons.of(map("....", "..#.", "...."), 1)).containsExactly(new int[] {2, 1, 3, 1, 3, 2, 2, 2});
    }

    @Test
    void straightSidesHaveNoCornersWithin() {
        assertThat(Polygons.of(map("###", "###", "#.."), 1))
                .containsExactly(new int[] {0, 0, 3, 0, 3, 2, 1, 2, 1, 3, 0, 3});
    }

    @Test
    void pixelsThatTouchByACornerAreApart() {
        assertThat(Polygons.of(map("#.", ".#"), 1))
                .containsExactly(new int[] {0, 0, 1, 0, 1, 1, 0, 1}, new int[] {1, 1, 2, 1, 2, 2, 1, 2});
        assertThat(Polygons.of(map(".#", "#."), 1)).hasSize(2);
    }

    @Test
    void holesAreFilled() {
        assertThat(Polygons.of(map("####", "#..#", "####"), 1)).containsExactly(new int[] {0, 0, 4, 0, 4, 3, 0, 3});
    }

    @Test
    void aPartWithinAHoleIsAPartOfItsOwn() {
        assertThat(Polygons.of(map("#####", "#...#", "#.#.#", "#...#", "#####"), 1))
                .hasSize(2);
    }

    @Test
    void noPixelNoPolygon() {
        assertThat(Polygons.of(map("..", ".."), 1)).isEmpty();
    }

    @Test
    void outlinesOfARegionAreInPixelsOfTheWholePicture() {
        assertThat(Polygons.of(map("#...", "#.##", "#.##"), 1, new LabelMap.Region(2, 1, 2, 2)))
                .containsExactly(new int[] {2, 1, 4, 1, 4, 3, 2, 3});
    }

    @Test
    void aGapBehindACornerIsAHoleThatTouchesTheOuterLine() {
        List<Polygons.Part> parts = parts("###", "#.#", "##.");

        assertThat(parts).hasSize(1);
        assertThat(parts.get(0).outer()).containsExactly(0, 0, 3, 0, 3, 2, 2, 2, 2, 3, 0, 3);
        assertThat(parts.get(0).holes()).containsExactly(new int[] {2, 2, 2, 1, 1, 1, 1, 2});
    }

    @Test
    void aHoleBelongsToThePartAroundIt() {
        List<Polygons.Part> parts = parts("#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######");

        assertThat(parts.get(0).holes()).containsExactly(new int[] {1, 6, 6, 6, 6, 1, 1, 1});
        assertThat(parts.get(1).holes()).containsExactly(new int[] {3, 4, 4, 4, 4, 3, 3, 3});
    }

    @Test
    void thePartsCoverThePixelsOfTheMaskOnceAndNoLineTouchesItself() {
        Random random = new Random(3);
        for (int i = 0; i < 300; i++) {
            int width = 1 + random.nextInt(30);
            int height = 1 + random.nextInt(30);
            int percent = 20 + random.nextInt(70);
            int[] labels = random.ints((long) width * height, 0, 100)
                    .map(v -> v < percent ? 1 : 0)
                    .toArray();

            LabelMap map = LabelMap.of(width, height, labels);
            List<Polygons.Part> parts = Polygons.parts(map, 1, map.everything());

            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    int covered = 0;
                    for (Polygons.Part part : parts) {
                        boolean inHole = covers(part.holes(), x + 0.5, y + 0.5);
                        covered += covers(List.of(part.outer()), x + 0.5, y + 0.5) && !inHole ? 1 : 0;
                    }
                    assertThat(covered).isEqualTo(labels[y * width + x]);
                }
            }
            for (Polygons.Part part : parts) {
                assertSimple(part.outer());
                part.holes().forEach(PolygonsTest::assertSimple);
            }
        }
    }

    private static List<Polygons.Part> parts(String... rows) {
        LabelMap map = map(rows);
        return Polygons.parts(map, 1, map.everything());
    }

    /** Lines run along pixel sides, so one that crosses or touches itself has a corner twice. */
    private static void assertSimple(int[] line) {
        Set<Long> corners = new HashSet<>();
        for (int i = 0; i < line.length; i += 2) {
            assertThat(corners.add(line[i] * 1_000_000L + line[i + 1])).isTrue();
        }
    }

    private static boolean covers(List<int[]> outlines, double x, double y) {
        boolean covered = false;
        for (int[] line : outlines) {
            boolean odd = false;
            for (int i = 0, j = line.length - 2; i < line.length; j = i, i += 2) {
                if ((line[i + 1] > y) != (line[j + 1] > y)
                        && x < line[i] + (line[j] - line[i]) * (y - line[i + 1]) / (line[j + 1] - line[i + 1])) {
                    odd = !odd;
                }
            }
            covered |= odd;
        }
        return covered;
    }

    private static LabelMap map(String... rows) {
        int[] labels = String.join("", rows).chars().map(c -> c == '#' ? 1 : 0).toArray();
        return LabelMap.of(rows[0].length(), rows.length, labels);
    }
}
