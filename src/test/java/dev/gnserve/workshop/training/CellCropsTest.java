package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.evaluation.LabelledBox;
import dev.gnserve.image.Box;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CellCropsTest {

    private static final int SIDE = 96;

    /** One cell of each class, of its own brightness, on a dark ground. */
    private static BoxedImage smear() {
        List<LabelledBox> boxes = List.of(
                new LabelledBox(0, new Box(10, 10, 20, 20)),
                new LabelledBox(1, new Box(50, 10, 30, 30)),
                new LabelledBox(2, new Box(20, 60, 10, 10)));
        float[] planes = new float[3 * SIDE * SIDE];
        for (LabelledBox box : boxes) {
            for (int at = 0; at < planes.length; at++) {
                int x = at % SIDE;
                int y = at / SIDE % SIDE;
                boolean inside = x >= box.box().x()
                        && x < box.box().right()
                        && y >= box.box().y()
                        && y < box.box().bottom();
                planes[at] = inside ? 0.25f * (box.label() + 2) : planes[at];
            }
        }
        return new BoxedImage("smear", SIDE, SIDE, planes, boxes);
    }

    @Test
    void middleOfACropIsWhatItsLabelSays() {
        List<CellCrops.Cell> crops = CellCrops.draw(List.of(smear()), 40, false, 1);
        assertThat(crops.stream().map(CellCrops.Cell::label))
                .startsWith(0, 1, 2, 3)
                .hasSize(40);
        int middle = CellCrops.SIZE / 2 * CellCrops.SIZE + CellCrops.SIZE / 2;
        for (CellCrops.Cell crop : crops) {
            float[] expected = new float[3];
            Arrays.fill(expected, 0.25f * (crop.label() + 2));
            BloodCellRecipe.normalize(expected);
            if (crop.label() < 3) {
                assertThat(crop.planes()[middle]).isEqualTo(expected[0]);
            }
        }
    }

    @Test
    void sameSeedDrawsTheSameCrops() {
        List<CellCrops.Cell> crops = CellCrops.draw(List.of(smear()), 8, true, 2);
        List<CellCrops.Cell> again = CellCrops.draw(List.of(smear()), 8, true, 2);
        for (int i = 0; i < crops.size(); i++) {
            assertThat(again.get(i).planes()).containsExactly(crops.get(i).planes());
        }
    }

    @Test
    void halvedImageHasMeansOfFourPixelsAndHalvedBoxes() {
        float[] planes = new float[3 * 128 * 70];
        IntStream.range(0, planes.length).forEach(i -> planes[i] = i % 128);
        List<LabelledBox> boxes =
                List.of(new LabelledBox(1, new Box(10, 20, 30, 40)), new LabelledBox(0, new Box(0, 60, 10, 10)));
        BoxedImage half = new BoxedImage("image", 128, 70, planes, boxes).halved();
        assertThat(half.width()).isEqualTo(64);
        assertThat(half.height()).isEqualTo(32);
        assertThat(half.planes()[64 * 32 + 5]).isEqualTo(10.5f);
        // The second box keeps less than half: rows 60 to 64 of 60 to 70.
        assertThat(half.boxes()).containsExactly(new LabelledBox(1, new Box(5, 10, 15, 20)));
    }
}
