package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.util.List;
import java.util.Map;

/** Names the families of networks whose outputs gnserve knows but does not decode. */
final class OutputFamilies {

    private OutputFamilies() {}

    /** A sentence on outputs that no decoder fits. */
    static String refusal(Prediction prediction) {
        String family = name(prediction.outputs());
        String ending =
                " Serve the tensors and decode them in the client, or let the archive return what docs/models.md lists.";
        return family.isEmpty()
                ? "No decoder of gnserve fits these outputs." + ending
                : "These look like the outputs of " + family + ", for which gnserve has no decoder." + ending;
    }

    /** Whether the outputs look like those of a family without a decoder. */
    static boolean isKnown(Prediction prediction) {
        return !name(prediction.outputs()).isEmpty();
    }

    /** Empty for others. */
    private static String name(Map<String, Tensor> outputs) {
        List<TensorShape> shapes = outputs.values().stream().map(Tensor::shape).toList();
        if (outputs.containsKey("nucleus_prediction") || outputs.containsKey("horizontal_vertical")) {
            return "HoVer-Net (Graham et al. 2019) in another form";
        }
        if (shapes.stream().anyMatch(shape -> shape.rank() == 2 && shape.size(1) == 5 && shape.size(0) > 0)
                && shapes.size() > 1) {
            return "a detector of oriented boxes (five numbers a box, with an angle)";
        }
        boolean pictures = shapes.stream().allMatch(shape -> shape.rank() == 3);
        if (pictures
                && shapes.size() == 2
                && shapes.get(0).size(0) == 1
                && shapes.get(1).size(0) >= 8) {
            return "StarDist (Schmidt et al. 2018) in another form";
        }
        return "";
    }
}
