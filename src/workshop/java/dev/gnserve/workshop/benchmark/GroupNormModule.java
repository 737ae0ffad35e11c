package dev.gnserve.workshop.benchmark;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** The smallest TorchScript archive that calls the engine's own group_norm. */
final class GroupNormModule {

    private static final String CODE = """
            class GroupNorm(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              def forward(self: __torch__.GroupNorm,
                x: Tensor,
                weight: Tensor,
                bias: Tensor) -> Tensor:
                return torch.group_norm(x, %d, weight, bias)
            """;

    /** A GroupNorm object whose only attribute is {@code training = False}, as pickle protocol 2. */
    private static final String OBJECT = "\u0080\u0002c__torch__\nGroupNorm\n)\u0081}(X\b\0\0\0training\u0089ub.";

    private static final String NO_CONSTANTS = "\u0080\u0002).";

    private GroupNormModule() {}

    /** An archive whose forward takes input, weight and bias. */
    static byte[] archive(int groups) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            store(zip, "data.pkl", OBJECT);
            store(zip, "code/__torch__.py", CODE.formatted(groups));
            store(zip, "constants.pkl", NO_CONSTANTS);
            store(zip, "version", "3\n");
        } catch (IOException e) {
            throw new IllegalStateException("Writing to memory failed", e);
        }
        return bytes.toByteArray();
    }

    /** TorchScript archives hold their entries uncompressed. */
    private static void store(ZipOutputStream zip, String name, String content) throws IOException {
        byte[] bytes = content.getBytes(StandardCharsets.ISO_8859_1);
        CRC32 checksum = new CRC32();
        checksum.update(bytes);
        ZipEntry entry = new ZipEntry("group_norm/" + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCrc(checksum.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }
}
