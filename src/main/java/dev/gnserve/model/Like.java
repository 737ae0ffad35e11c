package dev.gnserve.model;

import dev.gnserve.model.OutputSpec.Decoder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

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
    YOLOV8(
            Decoder.YOLO,
            "objectness: false",
            "a YOLO table [4 + labels, locations], as of YOLOv8 and later, before its suppression"),
    YOLOV5(
            Decoder.YOLO,
            "objectness: true",
            "a YOLO table [locations, 5 + labels] with objectness, as of YOLOv5, before its suppression"),
    YOLOV10(
            Decoder.YOLO,
            "form: chosen",
            "rows [left, top, right, bottom, score, label number] that the network chose itself, as of YOLOv10 and YOLO26"),
    YOLOV8_LEVELS(
            Decoder.YOLO,
            "form: levels",
            "the levels of a YOLO head with distributions of distances, as of YOLOv8 and later, before their decoding"),
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
    DETR(Decoder.DETR, "", "DETR's boxes and logits");

    private final Decoder decoder;
    private final String fields;
    private final String meaning;

    Like(Decoder decoder, String fields, String meaning) {
        this.decoder = decoder;
        this.fields = fields;
        this.meaning = meaning;
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

    /** As in a command line: {@code torchvision-fcos}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * The families that a name means: {@code retinanet} means two, {@code mask2former} three.
     *
     * @throws IllegalArgumentException for a name of none; the message lists the names
     */
    public static List<Like> named(String name) {
        List<Like> exact = Arrays.stream(values())
                .filter(like -> like.toString().equals(name))
                .toList();
        List<Like> found = !exact.isEmpty()
                ? exact
                : Arrays.stream(values())
                        .filter(like -> like.toString().endsWith("-" + name)
                                || like.toString().startsWith(name + "-"))
                        .toList();
        if (found.isEmpty()) {
            throw new IllegalArgumentException("the family is '" + name + "', allowed are "
                    + Arrays.stream(values()).map(Like::toString).collect(Collectors.joining(", ")));
        }
        return found;
    }
}
