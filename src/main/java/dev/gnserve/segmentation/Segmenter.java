package dev.gnserve.segmentation;

import dev.gnserve.engine.Prediction;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.TileBlender;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
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
    private final int height;
    private final float[] planes;
    private final TileBlender blender;

    public Segmenter(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        this.manifest = manifest;
        this.width = image.width();
        this.height = image.height();
        int channels = manifest.output().channels().size();
        planes = new float[channels * height * width];
        blender = prepared.blender(channels, (y, row) -> {
            for (int channel = 0; channel < channels; channel++) {
                System.arraycopy(row, channel * width, planes, (channel * height + y) * width, width);
            }
        });
    }

    /**
     * Adds the next tile.
     *
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if the output is not what the manifest says
     */
    public void add(Prediction tile) {
        blender.add(ClassProbabilities.of(tile, manifest.output()));
    }

    /**
     * One entry per label of the model, once all tiles are there.
     *
     * @param threshold probability above which a pixel belongs to a class
     */
    public List<SegmentedClass> classes(float threshold) {
        Thresholds thresholds = manifest.thresholds();
        ObjectFinder finder =
                new ObjectFinder(threshold, thresholds.seed(), thresholds.minimumSeedArea(), thresholds.minimumArea());
        List<SegmentedClass> classes = new ArrayList<>();
        for (String label : manifest.labels()) {
            float[] interior = plane(manifest.output().channels().indexOf(label));
            float[] foreground = foreground(label, interior);
            byte[] mask = new byte[foreground.length];
            for (int i = 0; i < mask.length; i++) {
                mask[i] = foreground[i] > threshold ? (byte) 1 : 0;
            }
            FoundObjects objects = finder.find(interior, foreground, width, height);
            classes.add(new SegmentedClass(label, LabelMap.of(width, height, mask), objects));
        }
        return classes;
    }

    /** The class with its share of the rim: a pixel of the rim belongs to the label that is most probable beside it. */
    private float[] foreground(String label, float[] interior) {
        int boundary = manifest.output().channels().indexOf(OutputSpec.BOUNDARY);
        if (boundary < 0) {
            return interior;
        }
        float[] foreground = interior.clone();
        float[] rim = plane(boundary);
        for (String other : manifest.labels()) {
            if (!other.equals(label)) {
                float[] rival = plane(manifest.output().channels().indexOf(other));
                for (int i = 0; i < rim.length; i++) {
                    if (rival[i] > interior[i]) {
                        rim[i] = 0;
                    }
                }
            }
        }
        for (int i = 0; i < rim.length; i++) {
            foreground[i] += rim[i];
        }
        return foreground;
    }

    private float[] plane(int channel) {
        float[] plane = new float[width * height];
        System.arraycopy(planes, channel * plane.length, plane, 0, plane.length);
        return plane;
    }
}
