package dev.gnserve.detection;

import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Task;
import dev.gnserve.model.Thresholds;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.MaskWriter;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Detection with the parameters of a request.
 *
 * @param threshold lowest score of a box, or null for that of the model
 * @param maxDetections most boxes per image, or null for that of the model
 * @param writer of masks, if the model segments instances
 */
public record DetectionTask(
        @Nullable Float threshold, @Nullable Integer maxDetections, MaskWriter writer)
        implements ImageTask<Detections, DetectedImage> {

    public static final DetectionTask DEFAULT = new DetectionTask(null, null, new MaskWriter(MaskWriter.Masks.RLE));

    /** With a lowest score and a number of boxes per image. */
    public static DetectionTask of(float threshold, int maxDetections) {
        return new DetectionTask(threshold, maxDetections, DEFAULT.writer());
    }

    @Override
    public Task task() {
        return Task.DETECTION;
    }

    @Override
    public TileCollector<Detections> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        Thresholds own = manifest.thresholds();
        float score = threshold == null ? own.score() : threshold;
        int most = maxDetections == null ? own.maxDetections() : maxDetections;
        return new Detector(manifest, image, prepared, score, most);
    }

    @Override
    public DetectedImage describe(String name, Detections found, Timing timing) {
        return found.describe(name, writer, timing);
    }

    @Override
    public byte[] picture(Detections found) {
        return found.overlay();
    }

    @Override
    public DetectedImage failed(String name, Problem problem) {
        return new DetectedImage(name, null, null, null, null, null, problem);
    }

    @Override
    public DetectionResponse response(LoadedModel model, String requestId, List<DetectedImage> images) {
        return new DetectionResponse(model.name(), model.version(), requestId, images);
    }
}
