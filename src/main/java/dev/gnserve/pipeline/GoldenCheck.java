package dev.gnserve.pipeline;

import dev.gnserve.failure.FailureException;
import dev.gnserve.model.Golden;
import dev.gnserve.model.Inference;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelCompanion;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Before a model becomes ready, runs the golden image in its folder through the pipeline and compares the result with the expected one.
 * Thread-safe.
 */
@Component
final class GoldenCheck implements ModelCompanion.Factory {

    private final DefaultTasks tasks;
    private final JsonMapper json;
    private final ImagePipeline pipeline;
    private final VolumeGolden volumes;

    GoldenCheck(DefaultTasks tasks, JsonMapper json, ImagePipeline pipeline, VolumePipeline volumes) {
        this.tasks = tasks;
        this.json = json;
        this.pipeline = pipeline;
        this.volumes = new VolumeGolden(volumes);
    }

    @Override
    public ModelCompanion of(LoadedModel model) {
        return new ModelCompanion() {
            @Override
            public @Nullable String objection(Inference inference) {
                Golden golden = model.manifest().golden();
                if (golden != null && model.manifest().input().volume() != null) {
                    return volumes.difference(model, inference, golden);
                }
                ImageTask<?, ?> task = tasks.of(model.manifest().task());
                return golden == null || task == null ? null : difference(task, model, inference, golden);
            }
        };
    }

    private @Nullable String difference(ImageTask<?, ?> task, LoadedModel model, Inference inference, Golden golden) {
        try {
            JsonNode expected =
                    json.readTree(model.file(golden.expected())).path("images").path(0);
            JsonNode given = json.valueToTree(result(task, model, inference, golden));
            String difference = new GoldenComparison(golden.tolerance()).difference(expected, given);
            return difference == null
                    ? null
                    : "its result for " + golden.image() + " differs from " + golden.expected() + ": " + difference;
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
