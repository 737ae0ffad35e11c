package dev.gnserve.detection;

import dev.gnserve.backend.Prediction;
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
 * Boxes of a request's images.
 *
 * @param threshold score from which on a box counts, or null for the model's own
 * @param maxDetections boxes per image at most, or null for the model's own
 * @param writer of masks, where the model gives them
 */
public record DetectionTask(
        @Nullable Float threshold, @Nullable Integer maxDetections, MaskWriter writer)
        implements ImageTask<FoundInImage, DetectedImage> {

    /** As a request without parameters asks for it. */
    public static final DetectionTask USUAL = new DetectionTask(null, null, new MaskWriter(MaskWriter.Masks.RLE));

    /** With a score from which on a box counts, and the most boxes per image. */
    public static DetectionTask of(float threshold, int maxDetections) {
        return new DetectionTask(threshold, maxDetections, USUAL.writer());
    }

    @Override
    public Task task() {
        return Task.DETECTION;
    }

    @Override
    public TileCollector<FoundInImage> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        Thresholds own = manifest.thresholds();
        Detector detector = new Detector(manifest, prepared, threshold == null ? own.score() : threshold);
        int most = maxDetections == null ? own.maxDetections() : maxDetections;
        return new TileCollector<>() {
            @Override
            public void add(Prediction tile) {
                detector.add(tile);
            }

            @Override
            public FoundInImage finish() {
                return new FoundInImage(image, manifest.labels(), detector.detections(most));
            }
        };
    }

    @Override
    public DetectedImage describe(String name, FoundInImage found, Timing timing) {
        return found.describe(name, writer, timing);
    }

    @Override
    public byte[] picture(FoundInImage found) {
        return found.overlay();
    }

    @Override
    public DetectedImage failed(String name, Problem problem) {
        return DetectedImage.failed(name, problem);
    }

    @Override
    public DetectionResponse response(LoadedModel model, String requestId, List<DetectedImage> images) {
        return new DetectionResponse(model.name(), model.version(), requestId, images);
    }
}
