package dev.gnserve.workshop.training;

import dev.gnserve.evaluation.LabelledBox;
import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * Draws batches of augmented crops with boxes. A batch depends on the seed and the step alone, so that a resumed run sees what an uninterrupted one
 * would have seen.
 */
final class BoxSampler {

    /** How often a crop is drawn around an object of a rare class rather than anywhere. */
    private static final double AT_RARE = 0.4;

    private static final double LEAST_ZOOM = 0.8;
    private static final double MOST_ZOOM = 1.25;
    /** Of an object that the crop cuts, this much must be left for it to be an object. */
    private static final double LEAST_VISIBLE = 0.2;

    private static final double LEAST_SIDE = 8;

    private final List<BoxedImage> images;
    private final int size;
    private final int classes;
    private final long seed;

    BoxSampler(List<BoxedImage> images, int size, int classes, long seed) {
        if (images.isEmpty()) {
            throw new IllegalArgumentException("no images to draw from");
        }
        this.images = List.copyOf(images);
        this.size = size;
        this.classes = classes;
        this.seed = seed;
    }

    BoxBatch batch(int step, int count) {
        SplittableRandom random = new SplittableRandom(seed * 1_000_003L + step);
        BoxBatch batch = new BoxBatch(count, size, classes);
        for (int item = 0; item < count; item++) {
            Crop crop = draw(random.split());
            batch.put(item, crop.planes(), crop.target());
        }
        return batch;
    }

    /**
     * One augmented crop.
     *
     * @param planes float32 [3, size, size]
     */
    @SuppressWarnings("ArrayRecordComponent") // Shared, not copied.
    record Crop(float[] planes, FcosTarget target) {}

    /** A fixed number of crops, which depend on the seed alone. */
    List<Crop> pool(int count) {
        SplittableRandom random = new SplittableRandom(seed);
        return Stream.generate(() -> draw(random.split())).limit(count).toList();
    }

    private Crop draw(RandomGenerator random) {
        BoxedImage image = images.get(random.nextInt(images.size()));
        float zoom = (float) (LEAST_ZOOM * Math.pow(MOST_ZOOM / LEAST_ZOOM, random.nextDouble()));
        int x = random.nextInt(image.width());
        int y = random.nextInt(image.height());
        List<LabelledBox> rare =
                image.boxes().stream().filter(box -> box.label() > 0).toList();
        if (!rare.isEmpty() && random.nextDouble() < AT_RARE) {
            Box box = rare.get(random.nextInt(rare.size())).box();
            // Anywhere in the crop, not always in its middle.
            double shift = size / zoom / 2;
            x = (int) (box.x() + box.width() / 2 + shift * (random.nextDouble() - 0.5));
            y = (int) (box.y() + box.height() / 2 + shift * (random.nextDouble() - 0.5));
        }
        CropWindow window = CropWindow.around(x, y, image.width(), image.height(), size, zoom, random.nextInt(8));
        float[] planes = new float[3 * size * size];
        window.copyPlanes(image.planes(), planes);
        new StainAugmentation(random).apply(planes, size);
        BloodCellRecipe.normalize(planes);
        return new Crop(planes, FcosTarget.of(visible(window, image.boxes()), size, size));
    }

    /** Boxes as the crop shows them. */
    private List<LabelledBox> visible(CropWindow window, List<LabelledBox> boxes) {
        List<LabelledBox> visible = new ArrayList<>();
        for (LabelledBox labelled : boxes) {
            Box whole = window.toCrop(labelled.box());
            double left = Math.max(0, whole.x());
            double top = Math.max(0, whole.y());
            double width = Math.min(size, whole.right()) - left;
            double height = Math.min(size, whole.bottom()) - top;
            if (width >= LEAST_SIDE
                    && height >= LEAST_SIDE
                    && width * height >= LEAST_VISIBLE * whole.width() * whole.height()) {
                visible.add(new LabelledBox(labelled.label(), new Box(left, top, width, height)));
            }
        }
        return visible;
    }
}
