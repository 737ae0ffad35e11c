package dev.gnserve.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/** Files under {@code src/test/resources/golden}. */
final class Golden {

    private Golden() {}

    static byte[] image(String name) {
        return read("images/" + name);
    }

    static byte[] read(String name) {
        try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
