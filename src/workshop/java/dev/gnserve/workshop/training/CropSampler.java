package dev.gnserve.workshop.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * Draws batches of augmented crops. A batch depends on the seed and the step alone, so that a resumed run sees what an uninterrupted one would
 * have seen.
 */
final class CropSampler {

    /** How often a type of image is drawn; others share {@link #OTHER_TYPES}. The rare ones come more often than they occur. */
    private static final Map<String, Double> TYPE_SHARES =
            Map.of("fluorescence", 0.62, "histology", 0.28, "brightfield", 0.1);

    private static final double OTHER_TYPES = 0.1;
    private static final double AT_OBJECT = 0.55;
    private static final double RESCALED = 0.5;
    private static final double MOST_ZOOM = 1.6;

    private final List<Type> types = new ArrayList<>();
    private final int size;
    private final long seed;

    /** Images of one type; {@code cumulative} adds up the square roots of their pixels: larger images hold more, but more of the same. */
    private static final class Type {

        private final double share;
        private final List<LabelledImage> images;
        private final double[] cumulative;

        Type(double share, List<LabelledImage> images) {
            this.share = share;
            this.images = images;
            cumulative = new double[images.size()];
            double sum = 0;
            for (int i = 0; i < cumulative.length; i++) {
                sum += Math.sqrt(images.get(i).pixels());
                cumulative[i] = sum;
            }
        }

        LabelledImage draw(RandomGenerator random) {
            double place = random.nextDouble() * cumulative[cumulative.length - 1];
            int index = 0;
            while (cumulative[index] <= place) {
                index++;
            }
            return images.get(index);
        }
    }

    CropSampler(List<LabelledImage> images, int size, long seed) {
        this.size = size;
        this.seed = seed;
        Map<String, List<LabelledImage>> byType = new LinkedHashMap<>();
        for (LabelledImage image : images) {
            byType.computeIfAbsent(image.type(), type -> new ArrayList<>()).add(image);
        }
        byType.forEach((name, members) -> types.add(new Type(TYPE_SHARES.getOrDefault(name, OTHER_TYPES), members)));
        if (types.isEmpty()) {
            throw new IllegalArgumentException("no images to draw from");
        }
    }

    CropBatch batch(int step, int count) {
        SplittableRandom random = new SplittableRandom(seed * 1_000_003L + step);
        CropBatch batch = new CropBatch(count, size);
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
    record Crop(float[] planes, SegmentationTarget target) {}

    /** A fixed number of crops, which depend on the seed alone. */
    List<Crop> pool(int count) {
        SplittableRandom random = new SplittableRandom(seed);
        return Stream.generate(() -> draw(random.split())).limit(count).toList();
    }

    private Crop draw(RandomGenerator random) {
        LabelledImage image = drawImage(random);
        float zoom = random.nextDouble() < RESCALED ? (float) Math.pow(MOST_ZOOM, 2 * random.nextDouble() - 1) : 1;
        float[] planes = new float[3 * size * size];
        int[] ids = new int[size * size];
        cut(image, drawCentre(random, image), zoom, random.nextInt(8), planes, ids);
        new Augmentation(random).apply(planes, size, image.type().equals("histology"));
        return new Crop(planes, SegmentationTarget.of(ids, size, size));
    }

    private LabelledImage drawImage(RandomGenerator random) {
        double total = types.stream().mapToDouble(type -> type.share).sum();
        double at = random.nextDouble() * total;
        int choice = 0;
        while (choice < types.size() - 1 && at >= types.get(choice).share) {
            at -= types.get(choice).share;
            choice++;
        }
        return types.get(choice).draw(random);
    }

    /** Mostly near an object, as much of many images is empty. */
    private static int drawCentre(RandomGenerator random, LabelledImage image) {
        int centre = random.nextInt(image.pixels());
        if (random.nextDouble() < AT_OBJECT) {
            for (int attempt = 0; attempt < 500 && image.ids()[centre] == 0; attempt++) {
                centre = random.nextInt(image.pixels());
            }
        }
        return centre;
    }

    /** A square around a pixel; object numbers are taken from the nearest pixel. */
    private void cut(LabelledImage image, int centre, float zoom, int orientation, float[] planes, int[] ids) {
        CropWindow window = CropWindow.around(
                centre % image.width(), centre / image.width(), image.width(), image.height(), size, zoom, orientation);
        window.copyPlanes(image.planes(), planes);
        window.copyNearest(image.ids(), ids);
    }
}
