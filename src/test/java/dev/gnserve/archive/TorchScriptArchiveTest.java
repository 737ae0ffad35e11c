package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

class TorchScriptArchiveTest {

    @Test
    void parametersHaveTheirPathsTypesAndShapes() {
        assertThat(Samples.archive("functional-scripted").parameters())
                .extracting(
                        TorchScriptArchive.Parameter::name,
                        parameter -> parameter.tensor().type(),
                        parameter -> parameter.tensor().shape())
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("scale", TensorType.FLOAT32, List.of(8L)),
                        org.assertj.core.groups.Tuple.tuple("shift", TensorType.FLOAT32, List.of(8L)),
                        org.assertj.core.groups.Tuple.tuple("conv.weight", TensorType.FLOAT32, List.of(8L, 3L, 3L, 3L)),
                        org.assertj.core.groups.Tuple.tuple("conv.bias", TensorType.FLOAT32, List.of(8L)));
    }

    /** The expected values were printed by PyTorch 2.13. */
    @Test
    void parametersHaveTheirValues() {
        TorchScriptArchive archive = Samples.archive("functional-scripted");

        float[] scale = archive.floats(archive.parameters().get(0).tensor());

        assertThat(scale).hasSize(8);
        assertThat(scale[0]).isCloseTo(SCALE_0, within(0f));
        assertThat(scale[7]).isCloseTo(SCALE_7, within(0f));
    }

    private static final float SCALE_0 = 1.2162979f;
    private static final float SCALE_7 = 1.2233086f;

    @Test
    void whatIsWrittenIsReadAgain() {
        for (String name : Samples.NAMES) {
            TorchScriptArchive archive = Samples.archive(name);
            TorchScriptArchive again = TorchScriptArchive.of(archive.toByteArray());

            assertThat(again.entries()).as(name).isEqualTo(archive.entries());
            assertThat(again.parameters()).as(name).isEqualTo(archive.parameters());
            assertThat(again.normalizations()).as(name).isEqualTo(archive.normalizations());
            assertThat(again.corruptEntries()).as(name).isEmpty();
        }
    }

    @Test
    void theOriginIsRecognized() {
        assertThat(Samples.archive("chain-traced").origin()).isEqualTo("traced");
        assertThat(Samples.archive("chain-scripted").origin()).isEqualTo("scripted");
        assertThat(Samples.archive("chain-frozen").origin()).isEqualTo("frozen");
    }

    @Test
    void aCorruptWeightIsNamed() {
        byte[] bytes = Samples.archive("functional-scripted").toByteArray();
        byte[] weight = Samples.archive("functional-scripted").bytes("data/0", 1000);
        int at = indexOf(bytes, weight);
        bytes[at + 5] ^= 0x10;

        assertThat(TorchScriptArchive.of(bytes).corruptEntries())
                .containsExactly(new TorchScriptArchive.CorruptEntry("data/0", List.of("scale")));
    }

    @Test
    void corruptCodeIsRefused() {
        byte[] bytes = Samples.archive("functional-scripted").toByteArray();
        int at = indexOf(bytes, "group_norm".getBytes(StandardCharsets.UTF_8));
        bytes[at] ^= 1;

        assertThatThrownBy(() -> TorchScriptArchive.of(bytes))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining("fails its checksum");
    }

    @Test
    void aGlobalOutsideTheListIsRefused() {
        byte[] evil = "\u0080\u0002cos\nsystem\n(X\u0004\0\0\0trueetR.".getBytes(StandardCharsets.ISO_8859_1);
        TorchScriptArchive archive = Samples.archive("no-norm-traced");

        assertThatThrownBy(() -> archive.with(Map.of("data.pkl", evil)))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining("os.system")
                .hasMessageContaining("refused");
    }

    @Test
    void entriesOutsideTheFolderAreRefused() {
        for (String name : List.of("../evil", "m/../../evil", "/etc/passwd", "m\\evil", "C:/evil")) {
            assertThatThrownBy(() -> TorchScriptArchive.of(zip(Map.of(name, "x"))))
                    .as(name)
                    .isInstanceOf(TorchScriptException.class)
                    .hasMessageContaining("points outside");
        }
    }

    @Test
    void whatIsNotAnArchiveIsNamed() throws IOException {
        byte[] sample = Samples.bytes("chain-traced.pt");
        assertRefused(new byte[0], "empty");
        assertRefused(java.util.Arrays.copyOf(sample, sample.length / 2), "truncated");
        assertRefused(bytes("\u0080\u0002}q\0."), "plain pickle");
        assertRefused(bytes("\u0010\0\0\0\0\0\0\0{\"w\":{}}        "), "safetensors");
        assertRefused(bytes("\u0008\u0008\u0012\u0007pytorch\u001a\u00052.1.0"), "ONNX");
        assertRefused(bytes("version https://git-lfs.github.com/spec/v1\n"), "Git LFS");
        assertRefused(bytes("<!DOCTYPE html><html>not found</html>"), "web page");
        assertRefused(bytes("hello, this is only some text file"), "it is not a zip");
        assertRefused(zip(Map.of("archive/data.pkl", "x", "archive/version", "3")), "checkpoint");
        assertRefused(zip(Map.of("m/archive_format", "pt2", "m/models/model.json", "{}")), ".pt2 export");
        assertRefused(zip(Map.of("META-INF/MANIFEST.MF", "x")), "Java archive");
        assertRefused(zip(Map.of("MAR-INF/MANIFEST.json", "{}", "model.pt", "x")), "TorchServe archive");
        assertRefused(zip(Map.of("spleen/configs/metadata.json", "{}", "spleen/models/model.ts", "x")), "MONAI bundle");
        assertRefused(
                zip(Map.of("m/saved_model.pb", "x", "m/variables/variables.index", "x")), "TensorFlow SavedModel");
        assertRefused(zip(Map.of("config.json", "{}", "model.weights.h5", "x")), "Keras model");
        assertRefused(zip(Map.of("m.mlpackage/Manifest.json", "{}")), "Core ML model");
        assertRefused(bytes("\u001c\0\0\0TFL3                "), "TensorFlow Lite");
        assertRefused(bytes("\u001c\0\0\0ET12                "), "ExecuTorch");
        assertRefused(zip(Map.of("readme.txt", "x")), "a zip, but not");
    }

    private static void assertRefused(byte[] bytes, String how) {
        assertThatThrownBy(() -> TorchScriptArchive.of(bytes))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining(how);
    }

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] zip(Map<String, String> entries) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, String> entry : new LinkedHashMap<>(entries).entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        outer:
        for (int at = 0; at <= bytes.length - part.length; at++) {
            for (int i = 0; i < part.length; i++) {
                if (bytes[at + i] != part[i]) {
                    continue outer;
                }
            }
            return at;
        }
        throw new IllegalArgumentException("not found");
    }
}
