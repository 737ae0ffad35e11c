package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.model.ModelProposal.Wish;
import java.util.List;

/** Says why no form is chosen, and what has to be asked for. */
final class Verdict {

    private Verdict() {}

    /**
     * The sentence.
     *
     * @param fitting the forms that the outputs fit
     * @param allowed those of them that go with what is asked for
     * @param open those of them that labels and values leave open
     */
    static String of(
            Prediction outputs, List<OutputForm> fitting, List<OutputForm> allowed, List<OutputForm> open, Wish wish) {
        List<String> labels = wish.labels();
        int count = labels.size();
        String given = count == 0 ? "" : " with " + count + (count == 1 ? " label" : " labels");
        boolean parts = fitting.stream()
                .allMatch(
                        form -> form.output() != null || !form.heads().isEmpty() || form.like() == Like.YOLOV8_LEVELS);
        boolean family = fitting.stream().anyMatch(form -> form.like() == Like.YOLOV8_LEVELS);
        if (fitting.isEmpty() || (parts && OutputFamilies.isKnown(outputs))) {
            return OutputFamilies.refusal(outputs);
        }
        if (parts && open.isEmpty() && !wish.names()) {
            return (family
                            ? "The values do not show what these outputs are. Choose the family with --like, one output with --output"
                            : "No decoder reads all of these outputs. Choose one of them with --output")
                    + ", or several heads with --head"
                    + (labels.isEmpty() ? ", and name the labels." : ".");
        }
        if (open.size() > 1) {
            return "The values do not show which of these " + open.size() + " forms it is" + given + ".";
        }
        if (open.size() == 1) {
            return "The values do not show which of these forms it is.";
        }
        boolean vector = allowed.stream().anyMatch(form -> form.task() == Task.EMBEDDING);
        return !allowed.isEmpty() && labels.isEmpty() && wish.heads().isEmpty()
                ? "The names of the labels are needed: their number shows what the channels are."
                        + (vector ? " An embedding has no labels." : "")
                : "What is asked for does not fit" + given + ". These forms fit:";
    }
}
