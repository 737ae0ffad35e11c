package dev.gnserve.model;

import dev.gnserve.model.BoxSpec.Form;
import dev.gnserve.model.BoxSpec.Scores;
import dev.gnserve.model.BoxSpec.Unit;
import dev.gnserve.model.ManifestReader.Archive;
import dev.gnserve.model.OutputSpec.Decoder;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The section {@code output} of {@code model.yaml}, with the defaults that depend on the archive or on other fields. */
final class OutputSection {

    private OutputSection() {}

    /**
     * Reads it.
     *
     * @throws InvalidManifestException naming line, field, value and what is allowed
     * @throws IOException if the archive cannot be read
     */
    static OutputSpec read(ManifestTree tree, Task task, List<String> labels, Archive archive) throws IOException {
        boolean perhapsAlone = !VolumeSection.isGiven(tree)
                && labels.size() == 1
                && !tree.has("/output/decoder")
                && !tree.has("/output/channels");
        Decoder usual = switch (task) {
            case DETECTION -> Decoder.BOXES;
            case TENSORS -> Decoder.TENSORS;
            case EMBEDDING -> Decoder.EMBEDDING;
            case REGRESSION -> Decoder.VALUES;
            // Softmax of a single logit is always 1.
            case SEGMENTATION, CLASSIFICATION ->
                perhapsAlone && archive.input().logits() == 1 ? Decoder.SIGMOID : Decoder.SOFTMAX;
        };
        Decoder decoder = tree.get("/output/decoder", Decoder.class, usual);
        // Probabilities that sum to one come from a softmax; a map of classes numbers the background, too.
        boolean mask = task == Task.SEGMENTATION;
        boolean oneClass = mask
                && (decoder == Decoder.SOFTMAX
                        || decoder == Decoder.CLASSES
                        || decoder == Decoder.HOVERNET
                        || (decoder == Decoder.PROBABILITIES && tree.get("/output/exclusive", Boolean.class, true)));
        List<String> natural = decoder == Decoder.WATERSHED
                ? List.of(OutputSpec.BOUNDARY)
                : !oneClass
                        ? labels
                        : Stream.concat(Stream.of(OutputSpec.BACKGROUND), labels.stream())
                                .toList();
        List<String> channels = List.of(tree.get("/output/channels", String[].class, natural.toArray(String[]::new)));
        String name = tree.get("/output/name", String.class, "");
        boolean numbered = decoder == Decoder.DETECTRON2 || decoder == Decoder.YOLO;
        boolean fromZero = numbered && !tree.isGiven("/output/firstLabel");
        int firstLabel = task == Task.DETECTION && !fromZero ? tree.get("/output/firstLabel", Integer.class) : 0;
        boolean ownThreshold =
                (tree.isGiven("/thresholds/mask") || tree.isGiven("/thresholds/masks")) && decoder != Decoder.CLASSES;
        boolean exclusive = tree.get(
                "/output/exclusive",
                Boolean.class,
                (oneClass || (mask && isQueries(decoder))) && !ownThreshold && !channels.contains(OutputSpec.BOUNDARY));
        if (decoder == Decoder.WATERSHED && tree.isGiven("/thresholds/mask") && !channels.containsAll(labels)) {
            tree.make("/thresholds/mask", () -> {
                throw new IllegalArgumentException(
                        "goes with a channel of the label among output.channels, and they are " + channels
                                + "; the threshold of boundaries is output.watershed.threshold");
            });
        }
        float atLeast = tree.get("/output/atLeast", Float.class);
        return tree.make(
                "/output",
                () -> new OutputSpec(
                        decoder,
                        name.isEmpty() ? null : name,
                        channels,
                        firstLabel,
                        exclusive,
                        atLeast,
                        boxes(tree, decoder),
                        family(tree, decoder, labels),
                        VolumeSection.outputSteps(tree, channels.size())));
    }

    /** Whether outputs are class and mask queries. */
    static boolean isQueries(Decoder decoder) {
        return decoder == Decoder.MASKFORMER || decoder == Decoder.MASK2FORMER;
    }

    private static @Nullable FamilySpec family(ManifestTree tree, Decoder decoder, List<String> labels) {
        FamilyFields.require(tree, decoder);
        InstanceSpec instances = InstanceOptions.read(tree, decoder);
        return switch (decoder) {
            case FCOS -> FcosSpec.read(tree);
            case RETINANET -> RetinaNetSpec.read(tree);
            case YOLO -> YoloSpec.read(tree);
            case BOXES -> tree.isGiven("/output/keypoints") ? KeyPointSpec.read(tree) : null;
            case SOFTMAX, SIGMOID, PROBABILITIES -> ClassifierHeads.read(tree, decoder);
            case CLASSES, DETR, TENSORS, DETECTRON2 -> null;
            case HOVERNET, STARDIST, CELLPOSE, WATERSHED -> instances;
            case SOLOV2 -> SoloSpec.read(tree);
            case EMBEDDING -> EmbeddingSpec.read(tree);
            case VALUES -> ValueSpec.read(tree, labels);
            case MASKFORMER -> QuerySpec.read(tree, false, labels);
            case MASK2FORMER -> QuerySpec.read(tree, true, labels);
        };
    }

    private static BoxSpec boxes(ManifestTree tree, Decoder decoder) {
        boolean detr = decoder == Decoder.DETR;
        Form form = tree.get("/output/boxes", Form.class, detr ? Form.CXCYWH : Form.XYXY);
        Unit unit = tree.get("/output/unit", Unit.class, detr ? Unit.FRACTIONS : Unit.PIXELS);
        Scores scores = tree.get("/output/scores", Scores.class, detr ? Scores.SOFTMAX : Scores.PROBABILITIES);
        return new BoxSpec(form, unit, scores);
    }
}
