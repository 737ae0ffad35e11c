package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
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
    void fillingTheOutlinesGivesTheMaskWithItsHolesClosed() {
        Random random = new Random(3);
        for (int i = 0; i < 100; i++) {
            int width = 1 + random.nextInt(30);
            int height = 1 + random.nextInt(30);
            int percent = 20 + random.nextInt(70);
            int[] labels = random.ints((long) width * height, 0, 100)
                    .map(v -> v < percent ? 1 : 0)
                    .toArray();

            List<int[]> outlines = Polygons.of(LabelMap.of(width, height, labels), 1);

            boolean[] outside = outside(labels, width, height);
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    assertThat(covers(outlines, x + 0.5, y + 0.5)).isEqualTo(!outside[(y + 1) * (width + 2) + x + 1]);
                }
            }
        }
    }

    /** Background that hangs together, by sides or corners, with what lies around the picture. */
    private static boolean[] outside(int[] labels, int width, int height) {
        boolean[] outside = new boolean[(width + 2) * (height + 2)];
        outside[0] = true;
        for (boolean grown = true; grown; ) {
            grown = false;
            for (int y = 0; y < height + 2; y++) {
                for (int x = 0; x < width + 2; x++) {
                    boolean background =
                            x == 0 || y == 0 || x > width || y > height || labels[(y - 1) * width + x - 1] == 0;
                    if (background && !outside[y * (width + 2) + x]) {
                        for (int k = 0; k < 9; k++) {
                            int nx = x + k % 3 - 1;
                            int ny = y + k / 3 - 1;
                            if (nx >= 0 && ny >= 0 && nx < width + 2 && ny < height + 2) {
                                outside[y * (width + 2) + x] |= outside[ny * (width + 2) + nx];
                            }
                        }
                        grown |= outside[y * (width + 2) + x];
                    }
                }
            }
        }
        return outside;
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
