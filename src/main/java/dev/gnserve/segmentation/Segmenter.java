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
import java.util.ArrayList;
import java.util.List;

/**
 * From a model's outputs for the tiles of one image to the classes and objects of the whole. Tiles are added in their
 * order, as they come. Not thread-safe.
 */
public final class Segmenter {

    private final ModelManifest manifest;
    private final int width;
    private final List<ClassPlane> planes;

    private final PixelLabels labels;

    /** Of one label, for the row that has come: scratch. */
    private final float[] foreground;

    private final ObjectFinder finder;
    private final TileBlender blender;

    /**
     * A segmenter for one image. Memory beside the image: three bytes per pixel and label, and a row of tiles.
     *
     * @param threshold probability above which a pixel belongs to a class
     */
    public Segmenter(ModelManifest manifest, UprightImage image, PreparedImage prepared, float threshold) {
        this.manifest = manifest;
        this.width = image.width();
        Thresholds thresholds = manifest.thresholds();
        planes = manifest.labels().stream()
                .map(label -> new ClassPlane(width, image.height(), thresholds.seed()))
                .toList();
        labels = new PixelLabels(manifest, threshold);
        foreground = new float[width];
        finder = new ObjectFinder(threshold, thresholds.seed(), thresholds.minimumSeedArea(), thresholds.minimumArea());
        blender = prepared.blender(manifest.output().channels().size(), this::take);
    }

    /**
     * Adds the next tile.
     *
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if the output is not what the manifest says
     */
    public void add(Prediction tile) {
        blender.add(ClassProbabilities.of(tile, manifest.output()));
    }

    /** One entry per label of the model, once all tiles are there; once only, for the planes become the result. */
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

    /** A row of probabilities [channels, width]. */
    private void take(int y, float[] row) {
        for (int i = 0; i < labels.count(); i++) {
            ClassPlane plane = planes.get(i);
            labels.foreground(i, row, width, foreground);
            int interior = labels.channel(i) * width;
            for (int x = 0; x < width; x++) {
                plane.set(y * width + x, labels.isIn(foreground[x]), row[interior + x], foreground[x]);
            }
        }
    }
}
