package dev.gnserve.model;

import dev.gnserve.model.OutputSpec.Decoder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A family of networks by its name, for outputs whose values do not show all that the manifest must say.
 */
public enum Like {
    FCOS(
            Decoder.FCOS,
            "locations: centre",
            "FCOS as its paper and detectron2 have it: locations in the middle of a stride"),
    TORCHVISION_FCOS(
            Decoder.FCOS, "locations: corner", "FCOS as torchvision has it: locations at the corner of a stride"),
    TORCHVISION_RETINANET(
            Decoder.RETINANET, "anchors: {style: torchvision}", "RetinaNet as torchvision has it: anchors are rounded"),
    DETECTRON2_RETINANET(
            Decoder.RETINANET,
            "anchors: {style: detectron2}",
            "RetinaNet as detectron2 has it: anchors are not rounded, the first size comes first"),
    EFFICIENTDET(
            Decoder.RETINANET,
            "anchors: {style: efficientdet}",
            "the levels of EfficientDet's head: nine anchors in the middle of a stride, boxes written y, x, height, width",
            "maxDetections: 100"),
    YOLOV8(
            Decoder.YOLO,
            "objectness: false",
            "a YOLO table [4 + labels, locations], as of YOLOv8 and later, before its suppression",
            "score: 0.25, iou: 0.7"),
    YOLOV5(
            Decoder.YOLO,
            "objectness: true",
            "a YOLO table [locations, 5 + labels] with objectness, as of YOLOv5, before its suppression",
            "score: 0.25, iou: 0.45"),
    YOLOV10(
            Decoder.YOLO,
            "form: chosen",
            "rows [left, top, right, bottom, score, label number] that the network chose itself, as of YOLOv10 and YOLO26",
            "score: 0.25"),
    YOLOV8_LEVELS(
            Decoder.YOLO,
            "form: levels",
            "the levels of a YOLO head with distributions of distances, as of YOLOv8 and later, before their decoding",
            "score: 0.25, iou: 0.7"),
    DETECTRON2(
            Decoder.DETECTRON2,
            "",
            "detectron2's tuple for one image: boxes, classes from 0, scores, the image's size"),
    MASKFORMER_SEMANTIC(Decoder.MASKFORMER, "", "MaskFormer's queries, a label for each pixel"),
    MASKFORMER_INSTANCE(Decoder.MASKFORMER, "segments: instance", "MaskFormer's queries, objects that may overlap"),
    MASKFORMER_PANOPTIC(Decoder.MASKFORMER, "segments: panoptic", "MaskFormer's queries, one object for each pixel"),
    MASK2FORMER_SEMANTIC(Decoder.MASK2FORMER, "", "Mask2Former's queries, a label for each pixel"),
    MASK2FORMER_INSTANCE(Decoder.MASK2FORMER, "segments: instance", "Mask2Former's queries, objects that may overlap"),
    MASK2FORMER_PANOPTIC(Decoder.MASK2FORMER, "segments: panoptic", "Mask2Former's queries, one object for each pixel"),
    DETR_PANOPTIC(Decoder.MASKFORMER, "segments: panoptic", "DETR's logits and masks, one object for each pixel"),
    SOLOV2(Decoder.SOLOV2, "peaks: true", "SOLOv2 as in its authors' code: only places whose score is a peak"),
    SOLOV2_ALL(
            Decoder.SOLOV2, "peaks: false", "SOLOv2 with all places, for scores of which the archive keeps peaks only"),
    DETR(Decoder.DETR, "", "DETR's boxes and logits"),
    DEFORMABLE_DETR(
            Decoder.DETR, "scores: sigmoid", "DETR's boxes, with a logit for each label and none for no object");

    /** Other names, of networks whose outputs are those of a family. */
    private static final Map<String, List<Like>> SAME = Map.of(
            "conditional-detr", List.of(DEFORMABLE_DETR),
            "dab-detr", List.of(DEFORMABLE_DETR),
            "rt-detr", List.of(DEFORMABLE_DETR),
            // The public package scales probabilities; for objects, the authors' code scales logits.
            "oneformer", List.of(MASKFORMER_SEMANTIC, MASK2FORMER_INSTANCE, MASKFORMER_PANOPTIC),
            "oneformer-semantic", List.of(MASKFORMER_SEMANTIC),
            "oneformer-instance", List.of(MASK2FORMER_INSTANCE),
            "oneformer-panoptic", List.of(MASKFORMER_PANOPTIC));

    private final Decoder decoder;
    private final String fields;
    private final String meaning;
    private final String thresholds;

    Like(Decoder decoder, String fields, String meaning) {
        this(decoder, fields, meaning, "");
    }

    Like(Decoder decoder, String fields, String meaning, String thresholds) {
        this.decoder = decoder;
        this.fields = fields;
        this.meaning = meaning;
        this.thresholds = thresholds;
    }

    Decoder decoder() {
        return decoder;
    }

    Task task() {
        return this == MASKFORMER_SEMANTIC || this == MASK2FORMER_SEMANTIC ? Task.SEGMENTATION : Task.DETECTION;
    }

    /** Further fields of {@code output}. */
    String fields() {
        return fields;
    }

    String meaning() {
        return meaning;
    }

    /** Fields of {@code thresholds} with the defaults of the public code, with which published pictures are made; empty for gnserve's own. */
    String thresholds() {
        return thresholds;
    }

    /** Whether a form is one of this family. DETR's forms are found by their values; a name tells those without "no object" apart. */
    boolean means(OutputForm form) {
        boolean detr = form.decoder() == Decoder.DETR && decoder == Decoder.DETR;
        return form.like() == this || (detr && (this == DETR || form.boxes().scores() == BoxSpec.Scores.SIGMOID));
    }

    /** As in a command line: {@code torchvision-fcos}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The families that a name means: {@code retinanet} means two, {@code mask2former} and {@code oneformer} three.
     *
     * @throws IllegalArgumentException for a name of none; the message lists the names
     */
    public static List<Like> named(String name) {
        List<Like> exact = Arrays.stream(values())
                .filter(like -> like.toString().equals(name))
                .toList();
        List<Like> found = !exact.isEmpty() || SAME.containsKey(name)
                ? SAME.getOrDefault(name, exact)
                : Arrays.stream(values())
                        .filter(like -> like.toString().endsWith("-" + name)
                                || like.toString().startsWith(name + "-"))
                        .toList();
        if (found.isEmpty()) {
            throw new IllegalArgumentException("the family is '" + name + "', allowed are "
                    + Stream.concat(
                                    Arrays.stream(values()).map(Like::toString),
                                    SAME.keySet().stream().sorted())
                            .collect(Collectors.joining(", ")));
        }
        return found;
    }
}
