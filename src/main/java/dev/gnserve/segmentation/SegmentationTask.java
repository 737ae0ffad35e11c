package dev.gnserve.segmentation;

import dev.gnserve.image.Cancellation;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.InstanceSpec;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Task;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.InputsInFlight;
import dev.gnserve.pipeline.MaskWriter;
import dev.gnserve.pipeline.TileCollector;
import dev.gnserve.pipeline.Timing;
import dev.gnserve.problem.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Segmentation with the parameters of a request.
 *
 * @param threshold probability above which a pixel belongs to a class, or null for the rule of the model
 * @param writer of masks in JSON
 * @param objects whether JSON lists them
 */
public record SegmentationTask(@Nullable Float threshold, MaskWriter writer, boolean objects)
        implements ImageTask<Segmentation, SegmentedImage> {

    /** A mask and object numbers of one label, for each pixel. */
    private static final int LABEL_BYTES = 5;

    /** The same, with what the garbage collector loses behind arrays of megabytes. See docs/measurements/memory.md. */
    private static final int HEAP_FOR_LABEL = 8;

    /**
     * Of labels that exclude each other, so many are reckoned with: a pixel has one of them, and a label without pixels takes nothing. A
     * picture with more of them may find the heap too small, which is answered then.
     */
    private static final int MOST_PRESENT = 16;

    /** The samples of a pixel, and a drawing. */
    private static final int IMAGE_BYTES = 12;

    public static final SegmentationTask DEFAULT =
            new SegmentationTask(null, new MaskWriter(MaskWriter.Masks.RLE), true);

    @Override
    public Task task() {
        return Task.SEGMENTATION;
    }

    @Override
    public TileCollector<Segmentation> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
        InstanceSpec instances = manifest.output().instances();
        return instances == null
                ? new Segmenter(manifest, image, prepared, threshold)
                : new InstanceSegmenter(manifest, instances, image, prepared, threshold);
    }

    @Override
    public int bytesPerPixel(ModelManifest manifest) {
        InstanceSpec instances = manifest.output().instances();
        int labels = manifest.labels().size();
        if (instances != null) {
            return USUAL_BYTES + instances.bytesPerPixel() + LABEL_BYTES * labels;
        }
        int present = manifest.output().exclusive() ? Math.min(labels, MOST_PRESENT) : labels;
        return hasFewLabels(manifest) ? USUAL_BYTES : IMAGE_BYTES + HEAP_FOR_LABEL * present;
    }

    @Override
    public long bytesBeside(ModelManifest manifest, int width, int height) {
        if (manifest.output().instances() != null || hasFewLabels(manifest)) {
            return 0;
        }
        int channels = manifest.output().channels().size();
        return manifest.preprocessor().blendingBytes(channels, width, height, InputsInFlight.limit(manifest));
    }

    /** Whether the usual bytes are for all labels, and for what is blended. */
    private static boolean hasFewLabels(ModelManifest manifest) {
        return manifest.labels().size() <= 2;
    }

    @Override
    public SegmentedImage describe(String name, Segmentation found, Timing timing, Cancellation cancellation) {
        return found.describe(name, writer.until(cancellation), objects, timing);
    }

    @Override
    public byte[] picture(Segmentation found) {
        return found.overlay();
    }

    /** The mean overlap (IoU) of the masks of the labels that either has. */
    @Override
    public double agreement(Segmentation served, Segmentation other) {
        return served.overlap(other);
    }

    @Override
    public SegmentedImage failed(String name, Problem problem) {
        return new SegmentedImage(name, null, null, null, null, null, null, problem);
    }

    @Override
    public SegmentationResponse response(LoadedModel model, String requestId, List<SegmentedImage> images) {
        return new SegmentationResponse(model.name(), model.version(), requestId, images, null);
    }
}
