package dev.gnserve.workshop.cli;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.model.ModelSource;
import dev.gnserve.tuning.PlannedManifest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Copies of one model in a folder of models. */
final class BenchCopies {

    private BenchCopies() {}

    /**
     * Writes copies without the golden check, which holds for one plan.
     *
     * @param copies the plan of each copy by its name; null for the plan that the model states
     */
    static void write(ModelSource source, Path folder, Map<String, @Nullable ExecutionPlan> copies) throws IOException {
        ObjectNode manifest = (ObjectNode) new YAMLMapper().readTree(source.manifest());
        manifest.remove("golden");
        String text = new YAMLMapper().writeValueAsString(manifest);
        try (ArchiveSnapshot archive = source.snapshot()) {
            for (Map.Entry<String, @Nullable ExecutionPlan> copy : copies.entrySet()) {
                Path model = folder.resolve(copy.getKey());
                Files.createDirectories(model.resolve("1"));
                ExecutionPlan plan = copy.getValue();
                Files.writeString(
                        model.resolve("model.yaml"), plan == null ? text : PlannedManifest.with(text, plan.label()));
                try (InputStream bytes = archive.newInputStream()) {
                    Files.copy(bytes, model.resolve("1/model.pt"));
                }
            }
        }
    }
}
