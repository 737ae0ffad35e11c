package dev.gnserve.pipeline;

import dev.gnserve.failure.FailureException;
import dev.gnserve.model.Golden;
import dev.gnserve.model.Inference;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelCompanion;
import dev.gnserve.model.Task;
import java.io.IOException;
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
 * Sends the image that a model's folder brings with its expected result on the way of every image, before the model becomes ready.
 * Thread-safe.
 */
@Component
final class GoldenCheck implements ModelCompanion.Factory {

    private final Map<Task, UsualTask> tasks;
    private final JsonMapper json;
    private final ImagePipeline pipeline;

    GoldenCheck(Collection<UsualTask> tasks, JsonMapper json, ImagePipeline pipeline) {
        this.tasks = tasks.stream().collect(Collectors.toMap(one -> one.task().task(), Function.identity()));
        this.json = json;
        this.pipeline = pipeline;
    }

    @Override
    public ModelCompanion of(LoadedModel model) {
        return new ModelCompanion() {
            @Override
            public @Nullable String objection(Inference inference) {
                Golden golden = model.manifest().golden();
                UsualTask usual = tasks.get(model.manifest().task());
                return golden == null || usual == null ? null : difference(usual, model, inference, golden);
            }
        };
    }

    private @Nullable String difference(UsualTask usual, LoadedModel model, Inference inference, Golden golden) {
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
            return "its golden image fails: " + e.failure().detail();
        }
    }

    private <R, J> J result(ImageTask<R, J> task, LoadedModel model, Inference inference, Golden golden)
            throws IOException {
        Upload image = new Upload(golden.image(), model.file(golden.image()));
        ImagePipeline.Found<R> found = pipeline.find(task, model.manifest(), inference, image);
        return task.describe(found.name(), found.result(), found.timing());
    }
}
