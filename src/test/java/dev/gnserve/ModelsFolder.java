package dev.gnserve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/** A folder of models as users make them, from archives among the test resources. */
record ModelsFolder(Path path) {

    /** Version 1 of a model. */
    void put(String name, String archive, String manifest) {
        put(name, "1", archive, manifest);
    }

    void put(String name, String version, String archive, String manifest) {
        Path model = path.resolve(name);
        try (InputStream in = Objects.requireNonNull(ModelsFolder.class.getResourceAsStream(archive), archive)) {
            Files.createDirectories(model.resolve(version));
            Files.copy(in, model.resolve(version).resolve("model.pt"), StandardCopyOption.REPLACE_EXISTING);
            Files.writeString(model.resolve("model.yaml"), manifest);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
