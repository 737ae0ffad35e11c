package dev.gnserve.detection;

import dev.gnserve.backend.Prediction;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Box;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.AnchorSpec;
import dev.gnserve.model.BoxSpec;
import dev.gnserve.model.HeadSpec;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.model.QuerySegments;
import dev.gnserve.model.QuerySpec;
import dev.gnserve.model.RetinaNetSpec;
import dev.gnserve.model.SoloSegments;
import dev.gnserve.model.SoloSpec;
import dev.gnserve.pipeline.TileCollector;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the objects of one image, in pixels of the upright image, from the model's outputs for its tiles. Not thread-safe. */
final class Detector implements TileCollector<Detections> {

    /** A box is cut by a tile if it ends within this many input pixels of the tile's inner edge: a network of stride 32 is no more exact. */
    private static final double EDGE = 16;

    /** The least fraction of a box inside the image. The rest lies in the padding. */
    private static final double LEAST_INSIDE = 0.25;

    private final ModelManifest manifest;
    private final UprightImage image;
    private final PreparedImage prepared;
    private final DetectionLimits limits;
    private final List<Detection> found = new ArrayList<>();
    private int tile;

    /**
     * A detector for one image.
     *
     * @param limits which detections count
     */
    Detector(ModelManifest manifest, UprightImage image, PreparedImage prepared, DetectionLimits limits) {
        this.manifest = manifest;
        this.image = image;
        this.prepared = prepared;
        this.limits = limits;
    }

    /**
     * Adds the next tile.
     *
     * @param prediction boxes [A, 4] and scores [A, labels], by shape or by name; or boxes [D, 4], labels [D],
     *     scores [D] and optionally masks [D, 1, height, width], by these names
     * @throws FailureException ENGINE_FAULT for other outputs, or for NaN
     */
    @Override
    public void add(Prediction prediction) {
        if (manifest.output().family() instanceof QuerySpec queries) {
            QuerySegments.find(
                    queries,
                    manifest.labels(),
                    prediction,
                    prepared.tileWidth(),
                    prepared.tileHeight(),
                    limits.least(),
                    manifest.thresholds().mask(),
                    this::addSegment);
            tile++;
            return;
        }
        if (manifest.output().family() instanceof SoloSpec solo) {
            SoloSegments.find(
                    solo,
                    manifest.labels().size(),
                    prediction,
                    prepared.tileWidth(),
                    prepared.tileHeight(),
                    limits.least(),
                    manifest.thresholds().mask(),
                    this::addSegment);
            tile++;
            return;
        }
        Prediction chosen = manifest.output().chosen(prediction);
        if (chosen != null) {
            addInstances(Instances.of(chosen, manifest, prepared.tileWidth(), prepared.tileHeight()));
        } else {
            for (Detection candidate : suppressedFirst(candidates(prediction))) {
                Box box = limits.counts(candidate.label(), candidate.score()) ? toOriginal(candidate.box()) : null;
                if (box != null) {
                    found.add(new Detection(candidate.label(), candidate.score(), box));
                }
            }
        }
        tile++;
    }

    /** Some references suppress boxes before they cut them to the image; then overlaps at the border are others. */
    private List<Detection> suppressedFirst(List<Detection> candidates) {
        if (!suppressesFirst()) {
            return candidates;
        }
        List<Detection> counted = candidates.stream()
                .filter(candidate -> limits.counts(candidate.label(), candidate.score()))
                .toList();
        return new NonMaximumSuppression(limits.iou(), limits.agnostic()).apply(counted, Integer.MAX_VALUE);
    }

    /** The public code of YOLO, and detectron2's of RetinaNet. */
    private boolean suppressesFirst() {
        if (manifest.output().family() instanceof RetinaNetSpec retina) {
            return retina.anchors().style() == AnchorSpec.Style.DETECTRON2;
        }
        return manifest.output().decoder() == OutputSpec.Decoder.YOLO
                && !manifest.output().isSet();
    }

    private void addInstances(Instances instances) {
        for (int i = 0; i < instances.count(); i++) {
            requireNumbers(new float[] {instances.score(i)});
            if (instances.score(i) < limits.least() || instances.isBackground(i)) {
                continue;
            }
            Detection candidate = instances.detection(i);
            Box box = limits.counts(candidate.label(), candidate.score()) ? toOriginal(candidate.box()) : null;
            if (box != null) {
                PlanarImage mask = instances.mask(i);
                found.add(new Detection(
                        candidate.label(),
                        candidate.score(),
                        box,
                        mask == null ? null : mask(mask, candidate, box),
                        instances.keypoints(i, point -> prepared.toOriginal(tile, point))));
            }
        }
    }

    private void addSegment(QuerySegments.Segment segment) {
        Box whole = limits.counts(segment.label(), segment.score()) ? bounds(segment.mask(), segment.part(), 0) : null;
        Box box = whole == null ? null : toOriginal(whole);
        if (box != null) {
            LabelMap.Region region = region(box);
            boolean[] inside = prepared.maskOver(tile, segment.mask(), region, 0.5f);
            found.add(new Detection(segment.label(), segment.score(), box, new InstanceMask(region, inside)));
        }
    }

    /** The box around the pixels of a mask above a threshold, all in a part of it; null if it has none. */
    private static @Nullable Box bounds(PlanarImage mask, LabelMap.Region part, float threshold) {
        int left = mask.width();
        int top = mask.height();
        int right = -1;
        int bottom = -1;
        for (int y = part.y(); y < part.y() + part.height(); y++) {
            for (int x = part.x(); x < part.x() + part.width(); x++) {
                if (mask.value(0, y, x) > threshold) {
                    left = Math.min(left, x);
                    right = Math.max(right, x);
                    top = Math.min(top, y);
                    bottom = y;
                }
            }
        }
        return right < 0 ? null : Box.ofCorners(left, top, right + 1, bottom + 1);
    }

    /**
     * The pixels of an object.
     *
     * @param object in the tile
     * @param box its box in the upright image
     */
    private InstanceMask mask(PlanarImage mask, Detection object, Box box) {
        float least = manifest.thresholds().mask(object.label());
        if (manifest.output().decoder() == OutputSpec.Decoder.DETECTRON2) {
            LabelMap.Region region = region(box);
            return new InstanceMask(region, prepared.maskWithin(tile, mask, object.box(), region, least));
        }
        Box bounds = bounds(mask, new LabelMap.Region(0, 0, mask.width(), mask.height()), least);
        LabelMap.Region region = region(bounds == null ? box : around(box, prepared.toOriginal(tile, bounds)));
        return new InstanceMask(region, prepared.maskOver(tile, mask, region, least));
    }

    /** The box around two: pixels of a mask may lie beyond the object's box. */
    private static Box around(Box one, Box other) {
        return Box.ofCorners(
                Math.min(one.x(), other.x()),
                Math.min(one.y(), other.y()),
                Math.max(one.right(), other.right()),
                Math.max(one.bottom(), other.bottom()));
    }

    /** The pixels that a box touches. */
    private static LabelMap.Region region(Box box) {
        int left = (int) Math.floor(box.x());
        int top = (int) Math.floor(box.y());
        int right = (int) Math.ceil(box.right());
        int bottom = (int) Math.ceil(box.bottom());
        return new LabelMap.Region(left, top, Math.max(1, right - left), Math.max(1, bottom - top));
    }

    /** Maps a box of this tile to pixels of the upright image. Null if the tile cuts the box, or too little of it is in the image. */
    private @Nullable Box toOriginal(Box whole) {
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
        double least = manifest.output().keepsPartial() ? 0 : LEAST_INSIDE;
        return !empty && inside >= least * scale * whole.width() * whole.height() ? box : null;
    }

    @Override
    public Detections finish() {
        // A set predictor gives each object one box. Only where tiles overlap, two show the same object.
        boolean once = suppressesFirst() || (manifest.output().isSet() && !limits.asked());
        boolean setPrediction = once && prepared.tiles() == 1;
        double iou = setPrediction ? 1 : limits.iou();
        List<Detection> best = new NonMaximumSuppression(iou, limits.agnostic()).apply(found, limits.most());
        // Detections with equal scores are in the order of their places, which need not be that of the rounded scores.
        List<Detection> sorted = new ArrayList<>(best);
        sorted.sort(Comparator.comparingDouble((Detection one) -> DetectedObject.rounded(one))
                .reversed());
        return new Detections(image, manifest.labels(), sorted);
    }

    private List<Detection> candidates(Prediction prediction) {
        OutputSpec.Locations locations =
                manifest.output().locations(prediction, prepared.tileWidth(), prepared.tileHeight(), limits.least());
        BoxSpec spec = manifest.output().boxes();
        float[] boxes = spec.corners(locations.boxes(), prepared.tileWidth(), prepared.tileHeight());
        requireNumbers(boxes);
        requireNumbers(locations.scores().floats());
        int labels = manifest.labels().size();
        DenseBoxes dense = new DenseBoxes(labels, boxes, spec.probabilities(locations.scores(), labels));
        if (!(manifest.output().family() instanceof HeadSpec head)) {
            return dense.candidates(limits.scores());
        }
        List<Detection> best = new ArrayList<>();
        int from = 0;
        for (int to : locations.ends()) {
            best.addAll(dense.candidates(limits.scores(), from, to, head.candidates()));
            from = to;
        }
        return best;
    }

    private static void requireNumbers(float[] values) {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw Failure.of(
                                FailureCode.ENGINE_FAULT,
                                "The model's output has NaN or infinity for this image. POST the image to"
                                        + " /v1/models/{model}/verify to see which layer is wrong.")
                        .asException();
            }
        }
    }
}
