package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.OutputForm.Evidence;
import dev.gnserve.model.OutputSpec.Decoder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The forms of instances from pixels that outputs fit. */
final class InstanceForms {

    private InstanceForms() {}

    /**
     * Every form that the values of all predictions show; the outputs of one family are not those of another.
     *
     * @param wished a decoder that was chosen by name: then shapes are enough, and values that contradict it are refused at load
     */
    static List<OutputForm> of(List<Prediction> predictions, @Nullable Decoder wished) {
        List<OutputForm> forms = new ArrayList<>();
        HoverNetOutputs hovernet = HoverNetOutputs.find(predictions.get(0));
        if (hovernet != null && predictions.stream().allMatch(InstanceForms::isHoverNet)) {
            int labels = hovernet.types() == null ? 1 : hovernet.types().shape().size(0) - 1;
            forms.add(OutputForm.of(
                    Task.SEGMENTATION,
                    Decoder.HOVERNET,
                    labels,
                    "HoVer-Net: nuclei, their distances to the centre"
                            + (hovernet.types() == null ? "" : ", and types, background first")));
        }
        boolean named = wished == Decoder.STARDIST;
        if (predictions.stream()
                .map(StarDistOutputs::find)
                .allMatch(found -> found != null && (named || found.isUsual()))) {
            // Features may be positive, too.
            forms.add(OutputForm.of(
                            Task.SEGMENTATION, Decoder.STARDIST, 1, "StarDist: a probability, and distances along rays")
                    .with(Evidence.OPEN));
        }
        boolean flows = predictions.stream()
                .allMatch(
                        prediction -> prediction.outputs().values().stream().anyMatch(map -> PixelMaps.isMap(map, 3)));
        if (wished == Decoder.CELLPOSE && flows) { // No value shows that channels are flows.
            forms.add(OutputForm.of(
                    Task.SEGMENTATION,
                    Decoder.CELLPOSE,
                    1,
                    "Cellpose: flow downwards, flow to the right, and the logit of a cell"));
        }
        return forms;
    }

    private static boolean isHoverNet(Prediction prediction) {
        HoverNetOutputs outputs = HoverNetOutputs.find(prediction);
        if (outputs == null) {
            return false;
        }
        try {
            outputs.requireLogits();
            return true;
        } catch (FailureException e) {
            return false;
        }
    }
}
