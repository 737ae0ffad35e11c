package dev.gnserve.cli;

import dev.gnserve.model.EmbeddedModels;
import dev.gnserve.model.ModelFolder;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The model that an argument names: a folder with a model.yaml, or an embedded one. */
final class NamedModel {

    private NamedModel() {}

    /**
     * The newest version.
     *
     * @throws ParameterException if there is no such model
     */
    static ModelSource find(String model, CommandSpec spec) throws IOException {
        Path folder = Path.of(model).toAbsolutePath().normalize();
        boolean isFolder = isFolder(model);
        Path parent = folder.getParent();
        List<ModelSource> sources = isFolder && parent != null
                ? ModelFolder.list(parent)
                : EmbeddedModels.list(NamedModel.class.getClassLoader());
        String name = isFolder ? String.valueOf(folder.getFileName()) : model;
        @Nullable ModelSource newest = null;
        for (ModelSource source : sources) {
            if (source.name().equals(name)) {
                newest = source;
            }
        }
        if (newest == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    model + " is neither a folder with a model.yaml nor an embedded model "
                            + sources.stream().map(ModelSource::name).distinct().toList());
        }
        return newest;
    }

    /** Whether the argument names a folder with a model.yaml. */
    static boolean isFolder(String model) {
        return Files.isRegularFile(Path.of(model).toAbsolutePath().normalize().resolve("model.yaml"));
    }
}
