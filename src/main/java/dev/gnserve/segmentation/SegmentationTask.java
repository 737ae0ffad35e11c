package dev.gnserve.segmentation;

import dev.gnserve.backend.Prediction;
import dev.gnserve.model.ServedModel;
import dev.gnserve.model.Task;
import dev.gnserve.problem.Problem;
import dev.gnserve.serving.ImageRun;
import dev.gnserve.serving.ImageTask;
import dev.gnserve.serving.MaskWriter;
import dev.gnserve.serving.TileCollector;
import dev.gnserve.serving.Timing;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Masks and objects of a request's images.
 *
 * @param threshold probability above which a pixel belongs to a class, or null for the model's own
 * @param writer of masks in JSON
 * @param objects whether JSON lists them
 */
record SegmentationTask(@Nullable Float threshold, MaskWriter writer, boolean objects)
        implements ImageTask<Segmentation, SegmentedImage> {

    @Override
    public Task task() {
        return Task.SEGMENTATION;
    }

    @Override
    public TileCollector<Segmentation> collector(ServedModel model, ImageRun run) {
        float least = threshold == null ? model.manifest().thresholds().mask() : threshold;
        Segmenter segmenter = new Segmenter(model.manifest(), run.image(), run.prepared(), least);
        return new TileCollector<>() {
            @Override
            public void add(Prediction tile) {
                segmenter.add(tile);
            }

            @Override
            public Segmentation finish() {
                return new Segmentation(run.image(), segmenter.classes());
            }
        };
    }

    @Override
    public SegmentedImage describe(String name, Segmentation found, Timing timing) {
        return found.describe(name, writer, objects, timing);
    }

    @Override
    public byte[] picture(Segmentation found) {
        return found.overlay();
    }

    @Override
    public SegmentedImage failed(String name, Problem problem) {
        return SegmentedImage.failed(name, problem);
    }

    @Override
    public SegmentationResponse response(ServedModel model, String requestId, List<SegmentedImage> images) {
        return new SegmentationResponse(model.name(), model.version(), requestId, images);
    }
}
