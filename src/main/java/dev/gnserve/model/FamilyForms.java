package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.model.OutputSpec.Decoder;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Finds the families with a decoding of their own that outputs fit. */
final class FamilyForms {

    private static final int EFFICIENTDET_ANCHORS = 9;

    private FamilyForms() {}

    /**
     * The families that fit the shapes and the values of all predictions.
     *
     * @param predictions for several inputs, one or more
     */
    static List<OutputForm> fitting(List<Prediction> predictions) {
        if (predictions.stream().allMatch(FamilyForms::isOfDetectron2)) {
            return List.of(OutputForm.like(Like.DETECTRON2, 0).numbered(0, greatestClass(predictions)));
        }
        QueryMasks queries = QueryMasks.find(predictions.get(0));
        if (queries != null) {
            // With boxes, the masks are DETR's; other families have to be asked for. The boxes are another form.
            boolean detr = predictions.get(0).outputs().containsKey("pred_boxes");
            boolean logits = predictions.stream()
                    .map(QueryMasks::find)
                    .allMatch(found -> found != null && !found.hasProbabilities());
            boolean none = detr
                    && OutputFacts.isMostlyLast(predictions.stream()
                            .map(prediction -> OutputSpec.named(prediction, QueryMasks.CLASSES))
                            .filter(Objects::nonNull)
                            .toList());
            return Stream.of(Like.values())
                    .filter(like -> like.decoder() == Decoder.MASKFORMER || like.decoder() == Decoder.MASK2FORMER)
                    .filter(like -> detr || like != Like.DETR_PANOPTIC)
                    .map(like -> OutputForm.like(like, queries.labels())
                            .with(
                                    !detr || (like == Like.DETR_PANOPTIC && logits && none)
                                            ? OutputForm.Evidence.SHOWN
                                            : OutputForm.Evidence.UNLIKELY))
                    .toList();
        }
        if (predictions.stream().allMatch(prediction -> SoloOutputs.find(prediction) != null)) {
            int labels =
                    Objects.requireNonNull(SoloOutputs.find(predictions.get(0))).labels();
            return List.of(OutputForm.like(Like.SOLOV2, labels), OutputForm.like(Like.SOLOV2_ALL, labels));
        }
        List<OutputForm> rows = YoloRows.fitting(predictions);
        if (!rows.isEmpty()) {
            return rows;
        }
        for (Like like : List.of(Like.YOLOV8, Like.YOLOV5)) {
            boolean objectness = like == Like.YOLOV5;
            if (predictions.stream()
                    .allMatch(prediction ->
                            prediction.outputs().size() == 1 && YoloSpec.fits(prediction.first(), objectness))) {
                int labels = YoloSpec.labels(predictions.get(0).first().shape(), objectness);
                return List.of(OutputForm.like(like, labels));
            }
        }
        HeadLevels fcos = HeadLevels.find(predictions.get(0), 3, 0);
        if (fcos != null && predictions.stream().allMatch(FamilyForms::hasDistances)) {
            return List.of(
                    OutputForm.like(Like.FCOS, fcos.labels()), OutputForm.like(Like.TORCHVISION_FCOS, fcos.labels()));
        }
        HeadLevels retinanet = HeadLevels.find(predictions.get(0), 2, 0);
        boolean several = retinanet != null
                && (retinanet.isRows()
                        ? isNamed(predictions)
                        : retinanet.classes().size() > 1);
        if (retinanet != null && several && predictions.stream().allMatch(FamilyForms::hasLogits)) {
            boolean nine = retinanet.isRows() || retinanet.anchors() == EFFICIENTDET_ANCHORS;
            return Stream.of(Like.TORCHVISION_RETINANET, Like.DETECTRON2_RETINANET, Like.EFFICIENTDET)
                    .filter(like -> nine || like != Like.EFFICIENTDET)
                    .map(like -> OutputForm.like(like, retinanet.labels()))
                    .toList();
        }
        return List.of();
    }

    /** Families whose shapes fit, though no value shows that it is one of them: for a choice by name. */
    static List<OutputForm> possible(List<Prediction> predictions) {
        int labels = YoloLevels.labels(predictions.get(0));
        return labels == 0 ? List.of() : List.of(OutputForm.like(Like.YOLOV8_LEVELS, labels));
    }

    /** Rows of boxes and scores can be boxes already; the names of a head say that they are not. */
    private static boolean isNamed(List<Prediction> predictions) {
        return predictions.get(0).outputs().keySet().stream()
                .noneMatch(name -> name.startsWith("output") || OutputSpec.BOX_NAMES.contains(name));
    }

    /** Whether classes are from 0, scores 0 to 1, and boxes in the order of their edges. */
    private static boolean isOfDetectron2(Prediction prediction) {
        Prediction found = Detectron2Outputs.find(prediction);
        if (found == null) {
            return false;
        }
        Tensor boxes = Objects.requireNonNull(found.outputs().get("boxes"));
        return boxes.shape().size(0) == 0
                || (BoxForms.of(List.of(boxes)).contains(BoxSpec.Form.XYXY)
                        && BoxForms.unit(List.of(boxes)) == BoxSpec.Unit.PIXELS
                        && OutputFacts.of(Objects.requireNonNull(found.outputs().get("scores")))
                                .isFraction()
                        && OutputFacts.of(Objects.requireNonNull(found.outputs().get("labels")))
                                        .least()
                                >= 0);
    }

    /** The greatest class number of detectron2's tuples; -1 if none was seen. */
    private static int greatestClass(List<Prediction> predictions) {
        OutputFacts classes = OutputFacts.of(predictions.stream()
                .map(Detectron2Outputs::of)
                .map(found -> Objects.requireNonNull(found.outputs().get("labels")))
                .toList());
        return (int) Math.max(-1, classes.greatest());
    }

    /** Whether distances are 0 or more, and the other maps are logits. */
    private static boolean hasDistances(Prediction prediction) {
        HeadLevels levels = HeadLevels.find(prediction, 3, 0);
        return levels != null
                && OutputFacts.of(levels.boxes()).least() >= 0
                && isLogits(levels.classes())
                && isLogits(levels.centres());
    }

    private static boolean hasLogits(Prediction prediction) {
        HeadLevels levels = HeadLevels.find(prediction, 2, 0);
        return levels != null && isLogits(levels.classes());
    }

    private static boolean isLogits(List<Tensor> maps) {
        OutputFacts facts = OutputFacts.of(maps);
        return facts.finite() && !facts.isFraction();
    }
}
