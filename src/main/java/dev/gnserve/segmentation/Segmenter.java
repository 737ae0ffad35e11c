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
    private final List<ClassPlane> planes;
    private final PixelLabels labels;

    /** Scratch: probabilities of one label for one row. */
    private final float[] foreground;

    private final ObjectFinder finder;
    private final TileBlender blender;

    /**
     * A segmenter for one image. It holds three bytes per pixel and label, and a row of tiles.
     *
     * @param threshold probability above which a pixel belongs to a class, or null for the rule of the model
     */
    public Segmenter(ModelManifest manifest, UprightImage image, PreparedImage prepared, @Nullable Float threshold) {
        this.manifest = manifest;
        this.image = image;
        this.width = image.width();
        Thresholds thresholds = manifest.thresholds();
        planes = manifest.labels().stream()
                .map(label -> new ClassPlane(width, image.height(), thresholds.seed()))
                .toList();
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
        for (int i = 0; i < planes.size(); i++) {
            ClassPlane plane = planes.get(i);
            FoundObjects objects = finder.find(plane);
            LabelMap mask = LabelMap.of(width, plane.height(), plane.intoMask());
            classes.add(new SegmentedClass(manifest.labels().get(i), mask, objects));
        }
        return classes;
    }

    /**
     * For each pixel 0 for background, else the number from 1 of the most probable label whose mask has it; of equal ones, the first.
     * Probabilities are compared in steps of 1/65535. After the last tile, also after {@link #classes}.
     */
    public LabelMap mostProbable() {
        int[] numbers = new int[width * image.height()];
        for (int pixel = 0; pixel < numbers.length; pixel++) {
            double most = -1;
            for (int label = 0; label < planes.size(); label++) {
                ClassPlane plane = planes.get(label);
                if ((plane.marks()[pixel] & ClassPlane.MASK) != 0 && plane.probability(pixel) > most) {
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
            ClassPlane plane = planes.get(i);
            labels.foreground(i, row, width, foreground);
            int interior = labels.channel(i) * width;
            for (int x = 0; x < width; x++) {
                plane.set(y * width + x, labels.isIn(i, foreground[x]), row[interior + x], foreground[x]);
            }
        }
    }
}
