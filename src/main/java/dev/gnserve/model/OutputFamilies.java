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

    /** Empty for others. */
    private static String name(Map<String, Tensor> outputs) {
        List<TensorShape> shapes = outputs.values().stream().map(Tensor::shape).toList();
        if (outputs.containsKey("class_queries_logits") && outputs.containsKey("masks_queries_logits")) {
            return "MaskFormer or Mask2Former (Cheng et al. 2021, 2022)";
        }
        if (outputs.containsKey("nucleus_prediction") || outputs.containsKey("horizontal_vertical")) {
            return "HoVer-Net (Graham et al. 2019) in another form";
        }
        boolean pictures = shapes.stream().allMatch(shape -> shape.rank() == 3);
        if (pictures
                && shapes.size() == 2
                && shapes.get(0).size(0) == 1
                && shapes.get(1).size(0) >= 8) {
            return "StarDist (Schmidt et al. 2018) in another form";
        }
        if (pictures
                && shapes.size() == 3
                && shapes.get(1).size(0) == shapes.get(2).size(0)) {
            return "SOLOv2 (Wang et al. 2020)";
        }
        if (pictures
                && shapes.size() >= 6
                && shapes.size() % 3 == 0
                && channels(shapes, 1) == 4
                && channels(shapes, 2) == 1) {
            return "FCOS before its decoding (Tian et al. 2019)";
        }
        if (pictures && shapes.size() >= 4 && shapes.size() % 2 == 0 && channels(shapes, 1) % 4 == 0) {
            return "RetinaNet before its decoding (Lin et al. 2017)";
        }
        return "";
    }

    /** Of the first level of a list of levels. */
    private static int channels(List<TensorShape> shapes, int list) {
        int levels = shapes.size() / (shapes.size() % 3 == 0 ? 3 : 2);
        return shapes.get(list * levels).size(0);
    }
}
