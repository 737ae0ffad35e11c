package dev.gnserve.pipeline;

import dev.gnserve.failure.FailureException;
import dev.gnserve.model.Golden;
import dev.gnserve.model.Inference;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelCompanion;
import dev.gnserve.model.Task;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Before a model becomes ready, runs the golden image in its folder and compares the result with the expected one. Thread-safe. The
 * command that records the expected result runs without this check.
 */
@Component
@Profile("!" + GoldenImage.UNCHECKED)
final class GoldenCheck implements ModelCompanion.Factory {

    private final GoldenImage images;
    private final VolumeGolden volumes;

    GoldenCheck(GoldenImage images, VolumePipeline volumes) {
        this.images = images;
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
                boolean takesImages = model.manifest().task() != Task.TENSORS;
                return golden == null || !takesImages ? null : difference(model, inference, golden);
            }
        };
    }

    private @Nullable String difference(LoadedModel model, Inference inference, Golden golden) {
        try {
            byte[] expected = model.file(golden.expected());
            Upload image = new Upload(golden.image(), model.file(golden.image()));
            JsonNode given = images.result(model.manifest(), inference, image);
            String difference = images.difference(expected, given, golden.tolerance());
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
}
