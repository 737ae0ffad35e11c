package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.backend.TensorShape;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Expected values are PyTorch's (regression/make.py). */
class BicubicResizeTest {

    private static final int SIZES = 4;

    @Test
    void scalesAsPyTorch() throws IOException {
        Npz arrays = Npz.read(Files.readAllBytes(Path.of("src/test/resources/regression/bicubic.npz")));
        for (int i = 0; i < SIZES; i++) {
            TensorShape from = arrays.shape("from" + i);
            TensorShape to = arrays.shape("to" + i);
            PlanarImage image = new PlanarImage(from.size(0), from.size(1), from.size(2), arrays.floats("from" + i));

            PlanarImage scaled = image.bicubicTo(to.size(2), to.size(1));

            assertThat(scaled.values()).containsExactly(arrays.floats("to" + i), within(1e-5f));
        }
    }

    @Test
    void theLeftUpperPartIsCut() {
        PlanarImage image = new PlanarImage(2, 2, 3, new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
        assertThat(image.corner(2, 1).values()).containsExactly(1, 2, 7, 8);
        assertThat(image.corner(3, 2)).isSameAs(image);
    }
}
