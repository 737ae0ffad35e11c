package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.model.ModelProposal.Wish;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code new} says of outputs that show no form. */
class VerdictTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            levels of YOLO |       | The values do not show what these outputs are. Choose the family with --like, one output with --output, or several heads with --head, and name the labels.
            levels of YOLO | a,b,c | The values do not show what these outputs are. Choose the family with --like, one output with --output, or several heads with --head.
            two maps       |       | No decoder reads all of these outputs. Choose one of them with --output, or several heads with --head, and name the labels.
            two maps       | a,b   | No decoder reads all of these outputs. Choose one of them with --output, or several heads with --head.
            a map          |       | The names of the labels are needed: their number shows what the channels are.
            a map          | a,b,c | The values do not show which of these 2 forms it is with 3 labels.
            a map          | a     | What is asked for does not fit with 1 label. These forms fit:
            a vector       |       | The names of the labels are needed: their number shows what the channels are. An embedding has no labels.
            one channel    | a     | The values do not show which of these 2 forms it is with 1 label.
            oriented boxes | a     | These look like the outputs of a detector of oriented boxes (five numbers a box, with an angle), for which gnserve has no decoder. Serve the tensors and decode them in the client, or let the archive return what docs/models.md lists.
            """)
    void whatIsMissingIsNamed(String outputs, @Nullable String labels, String sentence) {
        Prediction prediction = made(outputs);
        OutputForms forms = new OutputForms(List.of(prediction));
        List<String> names = labels == null ? List.of() : List.of(labels.split(",", -1));
        Wish wish = new Wish(null, null, null, null, names, List.of(), List.of(), null, Map.of());
        List<OutputForm> together = forms.fitting();
        List<OutputForm> fitting = together.isEmpty() ? forms.ofOneOutput() : together;
        List<OutputForm> taking =
                together.stream().filter(form -> form.takes(names.size())).toList();
        List<OutputForm> shown =
                taking.stream().filter(form -> form.isShownWith(null, null)).toList();

        assertThat(Verdict.of(prediction, fitting, fitting, names.isEmpty() || !shown.isEmpty() ? shown : taking, wish))
                .isEqualTo(sentence);
    }

    private static Prediction made(String outputs) {
        return switch (outputs) {
            case "levels of YOLO" -> prediction(noise(67, 16, 24), noise(67, 8, 12));
            case "two maps" -> prediction(noise(3, 16, 24), noise(3, 8, 12));
            case "a map" -> prediction(noise(3, 16, 24));
            case "a vector" -> prediction(noise(4));
            case "one channel" -> prediction(noise(1, 16, 24));
            case "oriented boxes" -> prediction(noise(20, 5), noise(20), noise(20));
            default -> throw new IllegalArgumentException(outputs);
        };
    }

    private static Prediction prediction(Tensor... outputs) {
        Map<String, Tensor> named = new LinkedHashMap<>();
        for (Tensor output : outputs) {
            named.put("output" + named.size(), output);
        }
        return new Prediction(named);
    }

    private static Tensor noise(int... sizes) {
        int count = 1;
        for (int size : sizes) {
            count *= size;
        }
        float[] values = new float[count];
        Random random = new Random(5);
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(values, sizes);
    }
}
