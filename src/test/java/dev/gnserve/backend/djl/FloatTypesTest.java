package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Networks of other floating-point types take float32 and compute what PyTorch computes, see {@code models/make_types.py}. */
class FloatTypesTest {

    private static PyTorchBackend engine;

    @BeforeAll
    static void start() {
        engine = PyTorchBackend.start(EngineSettings.defaults());
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    /** @param error some units of the last place of the type; the results are below 4 */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "half-traced, 4e-3",
        "half-mixed-scripted, 4e-3",
        "half-own-scripted, 4e-3",
        "bfloat16-traced, 3e-2",
        "bfloat16-mixed-scripted, 3e-2",
        "double-traced, 1e-6",
        "double-mixed-scripted, 1e-6"
    })
    void takesFloat32(String name, float error) throws IOException {
        Npz golden = Npz.read(bytes(name + ".npz"));
        try (PyTorchModel model = Archives.load(engine, TorchScriptArchive.of(bytes(name + ".pt")), name)) {
            float[] found = model.newSession()
                    .run(List.of(new FloatTensor(TensorShape.of(3, 12, 16), golden.floats("input"))))
                    .predictions()
                    .get(0)
                    .first()
                    .floats();

            float[] expected = golden.floats("output");
            assertThat(found).hasSameSizeAs(expected);
            for (int i = 0; i < found.length; i++) {
                assertThat(Math.abs(found[i] - expected[i])).isLessThanOrEqualTo(error);
            }
        }
    }

    private static byte[] bytes(String file) throws IOException {
        try (InputStream in = FloatTypesTest.class.getResourceAsStream("/models/" + file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        }
    }
}
