package dev.gnserve.segmentation;

import dev.gnserve.backend.Prediction;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.instances.InstanceCollectors;
import dev.gnserve.instances.Instances;
import dev.gnserve.model.InstanceSpec;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.pipeline.TileCollector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the classes and objects of one image by a decoder of instances. Not thread-safe. */
final class InstanceSegmenter implements TileCollector<Segmentation> {

    /** The label of objects whose pixels all have the type background; only if there are any. */
    static final String UNTYPED = "untyped";

    private final ModelManifest manifest;
    private final UprightImage image;
    private final TileCollector<Instances> collector;

    /** @param threshold of the request, or null for that of the model */
    InstanceSegmenter(
            ModelManifest manifest,
            InstanceSpec spec,
            UprightImage image,
            PreparedImage prepared,
            @Nullable Float threshold) {
        this.manifest = manifest;
        this.image = image;
        collector = InstanceCollectors.of(spec, manifest, prepared, threshold);
    }

    @Override
    public void add(Prediction tile) {
        collector.add(tile);
    }

    @Override
    public Segmentation finish() {
        Instances found = collector.finish();
        List<SegmentedClass> classes = new ArrayList<>();
        for (int label = 0; label < manifest.labels().size(); label++) {
            classes.add(of(found, label, manifest.labels().get(label)));
        }
        if (Arrays.stream(found.labels()).anyMatch(label -> label == Instances.UNTYPED)) {
            classes.add(of(found, Instances.UNTYPED, UNTYPED));
        }
        return new Segmentation(image, classes);
    }

    /** The objects of one label, numbered in reading order of their first pixels; smaller ones stay in the mask only. */
    private SegmentedClass of(Instances found, int label, String name) {
        int[] ids = found.ids();
        int[] areas = new int[found.count() + 1];
        for (int id : ids) {
            areas[id]++;
        }
        int[] numbers = new int[found.count() + 1];
        float[] scores = new float[found.count()];
        byte[] mask = new byte[ids.length];
        int[] own = new int[ids.length];
        int count = 0;
        for (int i = 0; i < ids.length; i++) {
            int id = ids[i];
            if (id == 0 || found.labels()[id - 1] != label) {
                continue;
            }
            mask[i] = 1;
            if (areas[id] >= manifest.thresholds().minimumArea()) {
                if (numbers[id] == 0) {
                    numbers[id] = ++count;
                    scores[count - 1] = found.scores()[id - 1];
                }
                own[i] = numbers[id];
            }
        }
        return new SegmentedClass(
                name,
                LabelMap.of(image.width(), image.height(), mask),
                new FoundObjects(own, Arrays.copyOf(scores, count)));
    }
}
