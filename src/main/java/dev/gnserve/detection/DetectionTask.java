package dev.gnserve.detection;

import dev.gnserve.image.Cancellation;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Task;
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
 * @param iou overlap above which two boxes show the same object, or null for that of the model
 * @param classes labels that count, or an empty list for all
 * @param agnostic whether boxes of different labels suppress each other
 * @param writer of masks, if the model segments instances
 */
public record DetectionTask(
        @Nullable Float threshold,
        @Nullable Integer maxDetections,
        @Nullable Float iou,
        List<String> classes,
        boolean agnostic,
        MaskWriter writer)
        implements ImageTask<Detections, DetectedImage> {

    public static final DetectionTask DEFAULT =
            new DetectionTask(null, null, null, List.of(), false, new MaskWriter(MaskWriter.Masks.RLE));

    public DetectionTask {
        classes = List.copyOf(classes);
    }

    /** With a lowest score and a number of boxes per image. */
    public static DetectionTask of(float threshold, int maxDetections) {
        return new DetectionTask(threshold, maxDetections, null, List.of(), false, DEFAULT.writer());
    }

    @Override
    public Task task() {
        return Task.DETECTION;
    }

    @Override
    public TileCollector<Detections> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        return new Detector(
                manifest,
                image,
                prepared,
                DetectionLimits.of(manifest, threshold, iou, maxDetections, classes, agnostic));
    }

    @Override
    public DetectedImage describe(String name, Detections found, Timing timing, Cancellation cancellation) {
        return found.describe(name, writer.until(cancellation), timing);
    }

    @Override
    public byte[] picture(Detections found) {
        return found.overlay();
    }

    /** The F1 score of the one's boxes with the other's as truth: same label, overlap (IoU) of at least a half. */
    @Override
    public double agreement(Detections served, Detections other) {
        return served.agreement(other);
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
