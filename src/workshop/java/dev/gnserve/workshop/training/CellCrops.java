package dev.gnserve.workshop.training;

import dev.gnserve.evaluation.BloodCellData;
import dev.gnserve.evaluation.LabelledBox;
import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Crops of blood smears for a classifier: what is in the middle, a red cell, a white cell, a platelet, or none of them. As many of each class; all crops
 * have one scale, so that size tells, too.
 */
final class CellCrops {

    /** The labels of the boxes, then none. */
    static final int CLASSES = BloodCellData.LABELS.size() + 1;

    static final int SIZE = 32;

    private static final int NONE = CLASSES - 1;

    /** The middle of a crop is at most this far from the middle of the cell, pixels. */
    private static final int JITTER = 2;

    private CellCrops() {}

    /**
     * A crop.
     *
     * @param planes float32 [3, SIZE, SIZE], normalized
     * @param label of what is in the middle
     */
    @SuppressWarnings("ArrayRecordComponent") // Shared, not copied.
    record Cell(float[] planes, int label) {}

    private record Place(BoxedImage image, int x, int y) {}

    /**
     * Draws crops. The same arguments draw the same ones.
     *
     * @param count a multiple of the number of classes
     * @param augmented whether their colours vary as in training
     */
    static List<Cell> draw(List<BoxedImage> images, int count, boolean augmented, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<List<Place>> places = new ArrayList<>();
        for (int label = 0; label < CLASSES; label++) {
            places.add(label == NONE ? background(images, count, random) : cells(images, label));
        }
        List<Cell> crops = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int label = i % CLASSES;
            List<Place> choice = places.get(label);
            crops.add(crop(choice.get(random.nextInt(choice.size())), label, augmented, random.split()));
        }
        return crops;
    }

    private static List<Place> cells(List<BoxedImage> images, int label) {
        List<Place> cells = new ArrayList<>();
        for (BoxedImage image : images) {
            for (LabelledBox box : image.boxes()) {
                if (box.label() == label) {
                    cells.add(place(image, box.box()));
                }
            }
        }
        if (cells.isEmpty()) {
            throw new IllegalArgumentException("no image has a cell of class " + BloodCellData.LABELS.get(label));
        }
        return cells;
    }

    private static Place place(BoxedImage image, Box box) {
        return new Place(image, (int) (box.x() + box.width() / 2), (int) (box.y() + box.height() / 2));
    }

    /** Places outside of all boxes. */
    private static List<Place> background(List<BoxedImage> images, int count, SplittableRandom random) {
        List<Place> places = new ArrayList<>();
        while (places.size() < count) {
            BoxedImage image = images.get(random.nextInt(images.size()));
            int x = random.nextInt(image.width());
            int y = random.nextInt(image.height());
            if (image.boxes().stream().noneMatch(box -> contains(box.box(), x, y))) {
                places.add(new Place(image, x, y));
            }
        }
        return places;
    }

    private static boolean contains(Box box, int x, int y) {
        return x >= box.x() && x < box.right() && y >= box.y() && y < box.bottom();
    }

    private static Cell crop(Place place, int label, boolean augmented, SplittableRandom random) {
        int x = place.x() + random.nextInt(2 * JITTER + 1) - JITTER;
        int y = place.y() + random.nextInt(2 * JITTER + 1) - JITTER;
        BoxedImage image = place.image();
        // Not CropWindow.around, which would move a crop at the edge of the image into it.
        CropWindow window =
                new CropWindow(image.width(), image.height(), SIZE, 1, x - SIZE / 2, y - SIZE / 2, random.nextInt(8));
        float[] planes = new float[3 * SIZE * SIZE];
        window.copyPlanes(image.planes(), planes);
        if (augmented) {
            new StainAugmentation(random).apply(planes, SIZE);
        }
        BloodCellRecipe.normalize(planes);
        return new Cell(planes, label);
    }
}
