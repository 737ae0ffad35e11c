package dev.gnserve.model;

import dev.gnserve.model.OutputSpec.Decoder;
import java.util.Map;
import java.util.Set;

/** Which fields of {@code output} go with which decoders only: a field that changes nothing is a mistake. */
final class FamilyFields {

    private static final Set<Decoder> HEADS = Set.of(Decoder.FCOS, Decoder.RETINANET);

    private static final Map<String, Set<Decoder>> ONLY_WITH = Map.of(
            "locations", Set.of(Decoder.FCOS),
            "distances", Set.of(Decoder.FCOS),
            "anchors", Set.of(Decoder.RETINANET),
            "strides", HEADS,
            "candidates", HEADS,
            "boxes", Set.of(Decoder.BOXES, Decoder.DETR),
            "unit", Set.of(Decoder.BOXES, Decoder.DETR),
            "scores", Set.of(Decoder.BOXES, Decoder.DETR));

    private FamilyFields() {}

    /** Decoders of families, whose boxes have one form. */
    private static final Set<Decoder> FAMILIES = Set.of(Decoder.FCOS, Decoder.RETINANET, Decoder.DETECTRON2);

    /** @throws IllegalArgumentException if the manifest gives a field that the decoder does not use */
    static void require(ManifestTree tree, Decoder decoder) {
        boolean family = FAMILIES.contains(decoder);
        ONLY_WITH.forEach((field, decoders) -> {
            boolean ofBoxes = decoders.contains(Decoder.BOXES);
            if (tree.isGiven("/output/" + field) && !decoders.contains(decoder) && (family || !ofBoxes)) {
                throw new IllegalArgumentException("output." + field + " is given, which does not go with the decoder "
                        + OutputForm.lower(decoder) + "; remove it");
            }
        });
    }
}
