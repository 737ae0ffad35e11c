package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

/** What libtorch makes of the archives is tested where networks are exported. */
class TorchScriptWriterTest {

    private static final ScriptMethod SCALE = ScriptMethod.forward("return torch.mul(x, self.weight)");

    @Test
    void sourceDeclaresParametersConstantsAndChildren() throws IOException {
        ScriptModule leaf = scale("Scale", 1, 2).build();
        ScriptModule root = ScriptModule.ofClass("Root")
                .child("head", leaf)
                .child("0", leaf)
                .constant("num_groups", 8)
                .constant("eps", 1e-5)
                .method(ScriptMethod.forward("return (self.head).forward(x, )"))
                .build();

        assertThat(text(entries(root).get("net/code/__torch__.py"))).isEqualTo("""
                        class Root(Module):
                          __parameters__ = []
                          __buffers__ = []
                          training : bool
                          head : __torch__.Scale
                          __annotations__["0"] = __torch__.Scale
                          num_groups : Final[int] = 8
                          eps : Final[float] = 1.0e-5
                          def forward(self: __torch__.Root, x: Tensor) -> Tensor:
                            return (self.head).forward(x, )
                        class Scale(Module):
                          __parameters__ = ["weight", ]
                          __buffers__ = []
                          training : bool
                          weight : Tensor
                          def forward(self: __torch__.Scale, x: Tensor) -> Tensor:
                            return torch.mul(x, self.weight)
                        """);
    }

    @Test
    void tensorsAreLittleEndianFloats() throws IOException {
        Map<String, byte[]> entries = entries(scale("Scale", 1.5f, -2).build());
        ByteBuffer data = ByteBuffer.wrap(entries.get("net/data/0")).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(data.remaining()).isEqualTo(8);
        assertThat(data.getFloat()).isEqualTo(1.5f);
        assertThat(data.getFloat()).isEqualTo(-2f);
    }

    @Test
    void sharedModuleIsWrittenOnce() throws IOException {
        ScriptModule leaf = scale("Scale", 1).build();
        ScriptModule root =
                ScriptModule.ofClass("Root").child("a", leaf).child("b", leaf).build();
        assertThat(entries(root)).containsKey("net/data/0").doesNotContainKey("net/data/1");
    }

    @Test
    void equalModulesGiveEqualBytes() throws IOException {
        assertThat(archive(scale("Scale", 1, 2, 3).build()))
                .isEqualTo(archive(scale("Scale", 1, 2, 3).build()));
    }

    @Test
    void entriesAreStored() throws IOException {
        try (ZipInputStream zip = new ZipInputStream(
                new ByteArrayInputStream(archive(scale("Scale", 1).build())))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                assertThat(entry.getMethod()).isEqualTo(ZipEntry.STORED);
            }
        }
    }

    @Test
    void modulesOfOneClassMustAgree() {
        ScriptModule root = ScriptModule.ofClass("Root")
                .child("a", scale("Scale", 1).build())
                .child("b", scale("Scale", 1).constant("groups", 3).build())
                .build();
        assertThatIllegalArgumentException().isThrownBy(() -> archive(root)).withMessageContaining("class Scale");
    }

    @Test
    void shapeAndValuesMustAgree() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScriptModule.ofClass("A").parameter("weight", new float[5], 2, 3))
                .withMessageContaining("5 values")
                .withMessageContaining("6");
    }

    @Test
    void namesThatAreNoIdentifiersAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> ScriptModule.ofClass("A b"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ScriptModule.ofClass("A").parameter("1", new float[1], 1));
    }

    private static ScriptModule.Builder scale(String className, float... weight) {
        return ScriptModule.ofClass(className)
                .parameter("weight", weight, weight.length)
                .method(SCALE);
    }

    private static byte[] archive(ScriptModule root) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TorchScriptWriter.write(root, "net", out);
        return out.toByteArray();
    }

    private static Map<String, byte[]> entries(ScriptModule root) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(archive(root)))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                entries.put(entry.getName(), zip.readAllBytes());
            }
        }
        return entries;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
