package dev.gnserve.cli;

import dev.gnserve.model.EmbeddedModels;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.VersionOrder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The model that an argument names: a folder with a model.yaml, or an embedded one. */
final class NamedModel {

    private NamedModel() {}

    /**
     * One version of the model.
     *
     * @param version null for the newest
     * @throws ParameterException if there is no such model or version
     */
    static ModelSource find(String model, @Nullable String version, CommandSpec spec) throws IOException {
        List<ModelSource> versions = isFolder(model) ? ModelFolder.versions(folder(model)) : embedded(model, spec);
        return versions.stream()
                .filter(source -> version == null || source.version().equals(version))
                .max(Comparator.comparing(ModelSource::version, VersionOrder.OLDEST_FIRST))
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        "%s has no version %s; it has %s"
                                .formatted(
                                        model,
                                        version,
                                        versions.stream()
                                                .map(ModelSource::version)
                                                .toList())));
    }

    private static List<ModelSource> embedded(String model, CommandSpec spec) throws IOException {
        List<ModelSource> all = EmbeddedModels.list(NamedModel.class.getClassLoader());
        List<ModelSource> versions =
                all.stream().filter(source -> source.name().equals(model)).toList();
        if (versions.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    model + " is neither a folder with a model.yaml nor an embedded model "
                            + all.stream().map(ModelSource::name).distinct().toList());
        }
        return versions;
    }

    /** Whether the argument names the folder of a model. */
    static boolean isFolder(String model) throws IOException {
        Path folder = folder(model);
        return Files.isDirectory(folder) && !ModelFolder.versions(folder).isEmpty();
    }

    private static Path folder(String model) {
        return Path.of(model).toAbsolutePath().normalize();
    }
}
