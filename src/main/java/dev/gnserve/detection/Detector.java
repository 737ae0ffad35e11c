package dev.gnserve.detection;

import dev.gnserve.backend.Prediction;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Box;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From a model's outputs for the tiles of one image to the objects of the whole, in pixels of the upright original. Tiles are added in their order, as
 * they come. Not thread-safe.
 */
final class Detector {

    /** A box that a tile's inner edge cuts ends there within this many input pixels: as exactly as a network of stride 32 draws boxes. */
    private static final double EDGE = 16;
    /** Of a box, this much must lie in the image and not in what continues it to a size that the network takes. */
    private static final double LEAST_INSIDE = 0.25;

    private final ModelManifest manifest;
    private final PreparedImage prepared;
    private final float threshold;
    private final List<Detection> found = new ArrayList<>();
    private int tile;

    /**
     * A detector for one image.
     *
     * @param threshold boxes count from this score on
     */
    public Detector(ModelManifest manifest, PreparedImage prepared, float threshold) {
        this.manifest = manifest;
        this.prepared = prepared;
        this.threshold = threshold;
    }

    /**
     * Adds the next tile.
     *
     * @param prediction boxes [A, 4] and scores [A, labels], in this order or by these names; or boxes [D, 4], labels [D],
     *     scores [D] and perhaps masks [D, 1, height, width], by these names
     * @throws FailureException ENGINE_FAULT if it is something else, or holds NaN
     */
    public void add(Prediction prediction) {
        if (OutputSpec.isChosen(prediction)) {
            addInstances(Instances.of(prediction, manifest));
        } else {
            for (Detection candidate : boxes(prediction).candidates(threshold)) {
                Box box = whereWhole(candidate.box());
                if (box != null) {
                    found.add(new Detection(candidate.label(), candidate.score(), box));
                }
            }
        }
        tile++;
    }

    private void addInstances(Instances instances) {
        for (int i = 0; i < instances.count(); i++) {
            requireNumbers(new float[] {instances.score(i)});
            if (instances.score(i) < threshold || instances.isBackground(i)) {
                continue;
            }
            Detection candidate = instances.detection(i);
            Box box = whereWhole(candidate.box());
            if (box != null) {
                PlanarImage mask = instances.mask(i);
                found.add(new Detection(
                        candidate.label(), candidate.score(), box, mask == null ? null : mask(mask, box)));
            }
        }
    }

    private InstanceMask mask(PlanarImage mask, Box box) {
        int left = (int) Math.floor(box.x());
        int top = (int) Math.floor(box.y());
        int right = (int) Math.ceil(box.right());
        int bottom = (int) Math.ceil(box.bottom());
        LabelMap.Region region = new LabelMap.Region(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
        return new InstanceMask(
                region,
                prepared.maskOver(tile, mask, region, manifest.thresholds().mask()));
    }

    /**
     * A box of this tile in pixels of the upright original; null if the tile cuts it, or if too little of it lies in the
     * image.
     */
    private @Nullable Box whereWhole(Box whole) {
        requireNumbers(
                new float[] {(float) whole.x(), (float) whole.y(), (float) whole.width(), (float) whole.height()});
        if (prepared.isCut(tile, whole, EDGE)) {
            return null;
        }
        Box box = prepared.toOriginal(tile, whole);
        double scale = (double) prepared.geometry().width()
                / prepared.geometry().scaledWidth()
                * prepared.geometry().height()
                / prepared.geometry().scaledHeight();
        double inside = box.width() * box.height();
        boolean empty = !(box.width() > 0 && box.height() > 0);
        return !empty && inside >= LEAST_INSIDE * scale * whole.width() * whole.height() ? box : null;
    }

    /** What was found, best first, once all tiles are there. */
    public List<Detection> detections(int most) {
        return new NonMaximumSuppression(manifest.thresholds().iou()).apply(found, most);
    }

    private DenseBoxes boxes(Prediction prediction) {
        OutputSpec.Locations locations = manifest.output().locations(prediction);
        float[] boxes = locations.boxes().floats();
        float[] scores = locations.scores().floats();
        requireNumbers(boxes);
        requireNumbers(scores);
        return new DenseBoxes(manifest.labels().size(), boxes, scores);
    }

    private static void requireNumbers(float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw fault(
                        "The model's output holds NaN or infinity for this image: nothing can be made of it. POST the"
                                + " image to /v1/models/{model}/verify to see which layer is wrong.");
            }
        }
    }

    private static FailureException fault(String detail) {
        return Failure.of(FailureCode.ENGINE_FAULT, detail).asException();
    }
}
