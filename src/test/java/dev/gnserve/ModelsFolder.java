package dev.gnserve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.springframework.test.context.DynamicPropertyRegistry;

/** A folder of models as users make them, from archives among the test resources. */
public record ModelsFolder(Path path) {

    /** Version 1 of a model. */
    public void put(String name, String archive, String manifest) {
        put(name, "1", archive, manifest);
    }

    public void put(String name, String version, String archive, String manifest) {
        put(name, version, bytes(archive), manifest);
    }

    public void put(String name, String version, byte[] archive, String manifest) {
        Path model = path.resolve(name);
        try {
            Files.createDirectories(model.resolve(version));
            Files.write(model.resolve(version).resolve("model.pt"), archive);
            Files.writeString(model.resolve("model.yaml"), manifest);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An application serves what lies in this folder when it starts, and no embedded models, which cost their load and their warm-up. */
    public void serveAlone(DynamicPropertyRegistry properties) {
        properties.add("gnserve.models-dir", () -> path);
        properties.add("gnserve.models", () -> String.join(",", path.toFile().list()));
    }

    /** An archive among the test resources. */
    public static byte[] bytes(String archive) {
        try (InputStream in = Objects.requireNonNull(ModelsFolder.class.getResourceAsStream(archive), archive)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
