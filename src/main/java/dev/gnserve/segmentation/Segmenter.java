package dev.gnserve.segmentation;

import dev.gnserve.backend.Prediction;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.TileBlender;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ClassProbabilities;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.PixelLabels;
import dev.gnserve.model.Thresholds;
import dev.gnserve.pipeline.TileCollector;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the classes and objects of one image from the model's outputs for its tiles. Not thread-safe. */
public final class Segmenter implements TileCollector<Segmentation> {

    private final ModelManifest manifest;
    private final UprightImage image;
    private final PreparedImage prepared;
    private final int width;

    /** Of each label, once a pixel belongs to it. */
    private final @Nullable ClassPlane[] planes;

    private boolean taken;

    private final PixelLabels labels;

    /** Scratch: probabilities of one label for one row. */
    private final float[] foreground;

    private final ObjectFinder finder;
    private final TileBlender blender;

    /**
     * A segmenter for one image. It holds a row of tiles, and three bytes a pixel for each label that has pixels; at the end five.
     *
     * @param threshold probability above which a pixel belongs to a class, or null for the rule of the model
     */
    public Segmenter(ModelManifest manifest, UprightImage image, PreparedImage prepared, @Nullable Float threshold) {
        this.manifest = manifest;
        this.image = image;
        this.width = image.width();
        Thresholds thresholds = manifest.thresholds();
        planes = new ClassPlane[manifest.labels().size()];
        labels = threshold == null ? new PixelLabels(manifest) : new PixelLabels(manifest, threshold);
        foreground = new float[width];
        finder = new ObjectFinder(
                threshold == null ? thresholds.mask() : threshold,
                thresholds.seed(),
                thresholds.minimumSeedArea(),
                thresholds.minimumArea());
        this.prepared = prepared;
        blender = prepared.blender(manifest.output().channels().size(), this::addRow);
    }

    @Override
    public void add(Prediction tile) {
        blender.add(ClassProbabilities.of(tile, manifest.output(), prepared.tileWidth(), prepared.tileHeight()));
    }

    @Override
    public Segmentation finish() {
        return new Segmentation(image, classes());
    }

    /** One entry per label of the model, after the last tile. Called once, as the memory of the planes becomes that of the result. */
    public List<SegmentedClass> classes() {
        List<SegmentedClass> classes = new ArrayList<>();
        SegmentedClass empty = null;
        taken = true;
        for (int i = 0; i < planes.length; i++) {
            String label = manifest.labels().get(i);
            ClassPlane plane = planes[i];
            planes[i] = null; // Its probabilities are garbage after this turn.
            if (plane != null) {
                FoundObjects objects = finder.find(plane);
                classes.add(new SegmentedClass(label, LabelMap.of(width, plane.height(), plane.intoMask()), objects));
            } else {
                empty = empty == null ? empty(label) : empty;
                classes.add(new SegmentedClass(label, empty.mask(), empty.objects(), empty.ids()));
            }
        }
        return classes;
    }

    /** A class without pixels, whose arrays all such classes share. */
    private SegmentedClass empty(String label) {
        int pixels = width * image.height();
        LabelMap mask = LabelMap.of(width, image.height(), new byte[pixels]);
        return new SegmentedClass(label, mask, new FoundObjects(new int[pixels], new float[0]));
    }

    /**
     * For each pixel 0 for background, else the number from 1 of the most probable label whose mask has it; of equal ones, the first.
     * Probabilities are compared in steps of 1/65535. After the last tile.
     *
     * @throws IllegalStateException after {@link #classes}, which gives the probabilities back
     */
    public LabelMap mostProbable() {
        if (taken) {
            throw new IllegalStateException("classes() took the probabilities");
        }
        int[] numbers = new int[width * image.height()];
        for (int pixel = 0; pixel < numbers.length; pixel++) {
            double most = -1;
            for (int label = 0; label < planes.length; label++) {
                ClassPlane plane = planes[label];
                if (plane != null && (plane.marks()[pixel] & ClassPlane.MASK) != 0 && plane.probability(pixel) > most) {
                    most = plane.probability(pixel);
                    numbers[pixel] = label + 1;
                }
            }
        }
        return LabelMap.of(width, image.height(), numbers);
    }

    /** Adds a row of the whole image: probabilities, float32 [channels, width]. */
    private void addRow(int y, float[] row) {
        for (int i = 0; i < labels.count(); i++) {
            ClassPlane plane = planes[i];
            labels.foreground(i, row, width, foreground);
            int interior = labels.channel(i) * width;
            for (int x = 0; x < width; x++) {
                boolean isIn = labels.isIn(i, foreground[x]);
                if (isIn && plane == null) {
                    plane = new ClassPlane(
                            width, image.height(), manifest.thresholds().seed());
                    planes[i] = plane;
                }
                if (plane != null) {
                    plane.set(y * width + x, isIn, row[interior + x], foreground[x]);
                }
            }
        }
    }
}
