package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every type goes into the engine and comes back bit by bit; the expected float32 values are written by hand. */
class ElementTypeTest {

    private static PyTorchBackend engine;
    private static PyTorchModel echo;

    @BeforeAll
    static void load() throws IOException {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
        try (InputStream in =
                        Objects.requireNonNull(ElementTypeTest.class.getResourceAsStream("/models/echo-scripted.pt"));
                ArchiveSnapshot archive = ArchiveSnapshot.read(in, "echo")) {
            echo = engine.load(archive, BackendPlan.CPU);
        }
    }

    @AfterAll
    static void close() {
        echo.close();
        engine.close();
    }

    @ParameterizedTest
    @EnumSource
    void goesInAndComesBack(ElementType type) {
        Tensor first = tensor(type, true);
        Tensor second = tensor(type, false);

        List<Prediction> predictions =
                echo.newSession().run(List.of(first, second)).predictions();

        assertThat(bytes(predictions.get(0).outputs().get("same"))).isEqualTo(bytes(first));
        assertThat(bytes(predictions.get(1).outputs().get("same"))).isEqualTo(bytes(second));
        Tensor floats = predictions.get(0).outputs().get("floats");
        assertThat(floats).isInstanceOf(FloatTensor.class);
        assertThat(floats.floats()).containsExactly(expected(type));
        assertThat(first.floats()).containsExactly(expected(type));
    }

    @Test
    void halfPrecisionIsReadAsTheStandardSays() {
        // Smallest subnormal, largest subnormal, smallest normal, largest, minus infinity, minus zero.
        RawTensor tensor = new RawTensor(ElementType.FP16, TensorShape.of(6), new byte[] {
            0x01, 0x00, (byte) 0xFF, 0x03, 0x00, 0x04, (byte) 0xFF, 0x7B, 0x00, (byte) 0xFC, 0x00, (byte) 0x80
        });

        assertThat(tensor.floats())
                .containsExactly(0x1p-24f, 1023 * 0x1p-24f, 0x1p-14f, 65504, Float.NEGATIVE_INFINITY, -0f);
        assertThat(new RawTensor(ElementType.FP16, TensorShape.of(1), new byte[] {0x01, 0x7C}).floats()[0])
                .isNaN();
    }

    @Test
    void typesDoNotShareABatch() {
        PyTorchSession session = echo.newSession();

        assertThatThrownBy(() -> session.run(List.of(tensor(ElementType.INT8, true), tensor(ElementType.UINT8, true))))
                .hasMessageContaining("INT8 [2]")
                .hasMessageContaining("UINT8 [2]");
    }

    @Test
    void bytesMustFitTheShape() {
        assertThatThrownBy(() -> new RawTensor(ElementType.INT64, TensorShape.of(2), new byte[15]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("INT64 [2] has 16 bytes, but 15 are given");
    }

    /** The values 1 and -2, or 200 where there is no sign, or true and false; or others for the second of a batch. */
    private static Tensor tensor(ElementType type, boolean first) {
        TensorShape shape = TensorShape.of(2);
        if (!first) {
            return type == ElementType.FP32
                    ? new FloatTensor(shape, new float[2])
                    : new RawTensor(type, shape, new byte[2 * type.bytes()]);
        }
        return switch (type) {
            case FP32 -> Tensor.of(new float[] {1, -2}, 2);
            case BOOL -> new RawTensor(type, shape, new byte[] {1, 0});
            case UINT8 -> new RawTensor(type, shape, new byte[] {1, (byte) 200});
            case INT8 -> new RawTensor(type, shape, new byte[] {1, -2});
            case INT32 -> new RawTensor(type, shape, new byte[] {1, 0, 0, 0, -2, -1, -1, -1});
            case INT64 ->
                new RawTensor(type, shape, new byte[] {1, 0, 0, 0, 0, 0, 0, 0, -2, -1, -1, -1, -1, -1, -1, -1});
            case FP16 -> new RawTensor(type, shape, new byte[] {0, 0x3C, 0, (byte) 0xC0});
            case FP64 ->
                new RawTensor(
                        type, shape, new byte[] {0, 0, 0, 0, 0, 0, (byte) 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, (byte) 0xC0
                        });
        };
    }

    private static float[] expected(ElementType type) {
        return switch (type) {
            case BOOL -> new float[] {1, 0};
            case UINT8 -> new float[] {1, 200};
            default -> new float[] {1, -2};
        };
    }

    private static Object bytes(Tensor tensor) {
        return tensor instanceof RawTensor raw
                ? List.of(raw.type(), raw.buffer())
                : List.of(tensor.floats()[0], tensor.floats()[1]);
    }
}
