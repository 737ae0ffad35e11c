package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.RepairedArchive.Replacement;
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
import org.junit.jupiter.api.Test;

/** Operators of torchvision, which the engine does not have. */
class ReplacedOperatorsTest {

    private static PyTorchBackend engine;
    private static PyTorchModel suppression;

    @BeforeAll
    static void load() {
        engine = PyTorchBackend.start(EngineSettings.defaults());
        suppression = Archives.load(
                engine, TorchScriptArchive.of(bytes("suppression-scripted.pt")), "suppression-scripted.pt");
    }

    @AfterAll
    static void close() {
        suppression.close();
        engine.close();
    }

    @Test
    void theReplacementIsReported() {
        assertThat(suppression.replacements()).hasSize(1);
        Replacement replacement = suppression.replacements().get(0);
        assertThat(replacement.operator()).isEqualTo("torchvision::nms");
        assertThat(replacement.defined()).isTrue();
        assertThat(replacement.toString()).contains("computed by a function of gnserve");
    }

    @Test
    void whatOverlapsABetterBoxByMoreThanTheThresholdIsSuppressed() {
        float[] boxes = {
            0, 0, 10, 5, 0.8f, // half of the best: not more than 0.5
            0, 0, 10, 10, 0.9f,
            1, 0, 10, 10, 0.7f, // nine tenths of the best
            20, 20, 30, 30, 0.8f, // alone, and as good as the first, behind it
            21, 20, 30, 30, 0.85f // overlaps the one before, and is better
        };
        assertThat(places(boxes)).containsExactly(2, 5, 1, 0, 0);
        assertThat(places(new float[] {3, 3, 4, 4, 0})).containsExactly(1);
    }

    /** 200 boxes with many equal scores. Expected: by the definition, box by box, in Python. */
    @Test
    void manyBoxesAreThoseOfTheDefinition() {
        Npz golden = Npz.read(bytes("suppression.npz"));

        float[] found = places(golden.floats("input"));

        assertThat(found).containsExactly(golden.floats("places"));
    }

    private static float[] places(float[] boxes) {
        FloatTensor input = new FloatTensor(TensorShape.of(boxes.length / 5, 5), boxes);
        return suppression
                .newSession()
                .run(List.of(input))
                .predictions()
                .get(0)
                .first()
                .floats();
    }

    private static byte[] bytes(String file) {
        try (InputStream in = ReplacedOperatorsTest.class.getResourceAsStream("/models/" + file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
