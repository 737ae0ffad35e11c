package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.image.Box;
import org.junit.jupiter.api.Test;

class CropWindowTest {

    @Test
    void boxStaysAroundItsObjectInAllOrientations() {
        int width = 40;
        int height = 30;
        int[] ids = new int[width * height];
        for (int y = 9; y < 15; y++) {
            for (int x = 14; x < 24; x++) {
                ids[y * width + x] = 1;
            }
        }
        for (int orientation = 0; orientation < 8; orientation++) {
            CropWindow window = CropWindow.around(18, 13, width, height, 24, 1, orientation);
            int[] crop = new int[24 * 24];
            window.copyNearest(ids, crop);
            assertThat(window.toCrop(new Box(14, 9, 10, 6)))
                    .as("orientation " + orientation)
                    .isEqualTo(extent(crop, 24));
        }
    }

    private static Box extent(int[] crop, int size) {
        int left = size;
        int top = size;
        int right = 0;
        int bottom = 0;
        for (int i = 0; i < crop.length; i++) {
            if (crop[i] != 0) {
                left = Math.min(left, i % size);
                right = Math.max(right, i % size + 1);
                top = Math.min(top, i / size);
                bottom = Math.max(bottom, i / size + 1);
            }
        }
        return Box.ofCorners(left, top, right, bottom);
    }
}
