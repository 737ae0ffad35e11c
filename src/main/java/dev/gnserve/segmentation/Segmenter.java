package dev.gnserve.segmentation;

import dev.gnserve.backend.Prediction;
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
    private final List<ClassPlane> planes;

    /** Where the channel of each plane is in the output. */
    private final int[] channels;

    /** Where the channel of the rims is, or -1. */
    private final int rim;

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
                .map(label -> new ClassPlane(width, image.height(), threshold, thresholds.seed()))
                .toList();
        List<String> names = manifest.output().channels();
        channels = manifest.labels().stream().mapToInt(names::indexOf).toArray();
        rim = names.indexOf(OutputSpec.BOUNDARY);
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
        for (int i = 0; i < channels.length; i++) {
            int own = channels[i];
            for (int x = 0; x < width; x++) {
                float interior = row[own * width + x];
                float foreground = rim >= 0 && isMostProbable(own, x, row) ? interior + row[rim * width + x] : interior;
                planes.get(i).set(y * width + x, interior, foreground);
            }
        }
    }

    /** Whether no other label is more probable here: a pixel of the rim belongs to the label that is. */
    private boolean isMostProbable(int own, int x, float[] row) {
        for (int other : channels) {
            if (row[other * width + x] > row[own * width + x]) {
                return false;
            }
        }
        return true;
    }
}
