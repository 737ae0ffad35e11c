package dev.gnserve.serving;

import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.Golden;
import dev.gnserve.model.Inference;
import dev.gnserve.model.ModelAudit;
import dev.gnserve.model.ServedModel;
import dev.gnserve.model.Task;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Runs the image that a model's folder brings with its expected result, on the same way as a request, before the model
 * becomes ready. Thread-safe.
 */
@Component
final class GoldenAudit implements ModelAudit {

    private static final int TILES_AHEAD = 2;

    private final Map<Task, UsualTask> tasks;
    private final JsonMapper json;
    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);

    GoldenAudit(Collection<UsualTask> tasks, JsonMapper json) {
        this.tasks = tasks.stream().collect(Collectors.toMap(one -> one.task().task(), Function.identity()));
        this.json = json;
    }

    @Override
    public @Nullable String objection(ServedModel model, Inference inference) {
        Golden golden = model.manifest().golden();
        UsualTask usual = tasks.get(model.manifest().task());
        if (golden == null || usual == null) {
            return null;
        }
        try {
            JsonNode expected =
                    json.readTree(model.file(golden.expected())).path("images").path(0);
            JsonNode given = json.valueToTree(result(usual.task(), model, inference, golden));
            String difference = new GoldenComparison(golden.tolerance()).difference(expected, given);
            return difference == null
                    ? null
                    : "its result for " + golden.image() + " is not that of " + golden.expected() + ": " + difference;
        } catch (IOException | JacksonException e) {
            return "its golden image cannot be checked: " + e.getMessage() + " ("
                    + e.getClass().getSimpleName() + ")";
        } catch (FailureException e) {
            return "its golden image " + golden.image() + " fails: "
                    + e.failure().detail();
        }
    }

    private <R, J> J result(ImageTask<R, J> task, ServedModel model, Inference inference, Golden golden)
            throws IOException {
        UprightImage image = decoder.decode(model.file(golden.image()));
        ImageRun run = new ImageRun(
                inference,
                Caller.PATIENT,
                image,
                model.manifest().preprocessor().prepare(image),
                Duration.ZERO,
                Duration.ZERO,
                TILES_AHEAD);
        TileCollector<R> collector = task.collector(model, run);
        run.forEachTile(collector::add);
        return task.describe(golden.image(), collector.finish(), run.timing(Duration.ZERO));
    }

    @Override
    public void accepted(ServedModel model, Tensor input) {
        // Only loading is watched.
    }
}
