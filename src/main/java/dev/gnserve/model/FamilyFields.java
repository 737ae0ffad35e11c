package dev.gnserve.model;

import dev.gnserve.model.OutputSpec.Decoder;
import java.util.Map;
import java.util.Set;

/** Which fields of {@code output} go with which decoders only: a field that changes nothing is a mistake. */
final class FamilyFields {

    private static final Set<Decoder> HEADS = Set.of(Decoder.FCOS, Decoder.RETINANET, Decoder.YOLO);

    private static final Set<Decoder> QUERIES = Set.of(Decoder.MASKFORMER, Decoder.MASK2FORMER);

    private static final Set<Decoder> DETECTORS = Set.of(Decoder.BOXES, Decoder.DETR);

    private static final Map<String, Set<Decoder>> ONLY_WITH = Map.ofEntries(
            Map.entry("locations", Set.of(Decoder.FCOS)),
            Map.entry("distances", Set.of(Decoder.FCOS)),
            Map.entry("anchors", Set.of(Decoder.RETINANET)),
            Map.entry("strides", Set.of(Decoder.FCOS, Decoder.RETINANET, Decoder.SOLOV2, Decoder.YOLO)),
            Map.entry("peaks", Set.of(Decoder.SOLOV2)),
            Map.entry("candidates", HEADS),
            Map.entry("segments", QUERIES),
            Map.entry("stuff", QUERIES),
            Map.entry("overlap", QUERIES),
            Map.entry("keypoints", Set.of(Decoder.BOXES)),
            Map.entry("normalize", Set.of(Decoder.EMBEDDING)),
            Map.entry("objectness", Set.of(Decoder.YOLO)),
            Map.entry("form", Set.of(Decoder.YOLO)),
            Map.entry("bins", Set.of(Decoder.YOLO)),
            Map.entry("units", Set.of(Decoder.VALUES)),
            Map.entry("shown", Set.of(Decoder.VALUES)),
            Map.entry("interpolation", Set.of(Decoder.VALUES)),
            Map.entry("heads", Set.of(Decoder.SOFTMAX, Decoder.SIGMOID, Decoder.PROBABILITIES)),
            Map.entry("boxes", DETECTORS),
            Map.entry("unit", DETECTORS),
            Map.entry("scores", DETECTORS));

    private FamilyFields() {}

    /** Decoders of families, whose boxes have one form. */
    private static final Set<Decoder> FAMILIES = Set.of(
            Decoder.FCOS,
            Decoder.RETINANET,
            Decoder.YOLO,
            Decoder.DETECTRON2,
            Decoder.MASKFORMER,
            Decoder.MASK2FORMER,
            Decoder.SOLOV2);

    /** @throws IllegalArgumentException if the manifest gives a field that the decoder does not use */
    static void require(ManifestTree tree, Decoder decoder) {
        boolean family = FAMILIES.contains(decoder);
        ONLY_WITH.forEach((field, decoders) -> {
            boolean ofBoxes = decoders.equals(DETECTORS);
            if (tree.isGiven("/output/" + field) && !decoders.contains(decoder) && (family || !ofBoxes)) {
                throw new IllegalArgumentException("output." + field + " is given, which does not go with the decoder "
                        + OutputForm.lower(decoder) + "; remove it");
            }
        });
    }
}
