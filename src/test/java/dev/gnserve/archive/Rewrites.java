package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Archives with planted faults. */
public final class Rewrites {

    private static final String INPUT_MILLIS = "int(torch.max(x))";

    private Rewrites() {}

    /** An archive whose code reads otherwise in one file. */
    public static TorchScriptArchive code(TorchScriptArchive archive, String file, String old, String replacement) {
        String code = archive.code(file);
        assertThat(code).contains(old);
        return archive.with(Map.of(file, code.replace(old, replacement).getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * A model whose forward pass first spins for some milliseconds, as many as the largest value of its input: it hangs, but
     * returns in the end.
     */
    public static byte[] spinning(TorchScriptArchive archive) {
        return spinning(archive, INPUT_MILLIS, "pass");
    }

    /** As {@link #spinning(TorchScriptArchive)}, and it convolves as it spins: it uses the engine's code and data all the time. */
    public static byte[] convolving(TorchScriptArchive archive) {
        return convolving(archive, INPUT_MILLIS);
    }

    /** As {@link #convolving(TorchScriptArchive)}, for as many milliseconds whatever the input is. */
    public static byte[] convolving(TorchScriptArchive archive, int millis) {
        return convolving(archive, String.valueOf(millis));
    }

    private static byte[] convolving(TorchScriptArchive archive, String millis) {
        return spinning(
                archive,
                millis,
                "x = torch.sum(torch.conv2d(torch.ones([1, 8, 64, 64]), torch.ones([8, 8, 3, 3])), [1, 2])");
    }

    /** A model every forward pass of which takes as many milliseconds. */
    public static byte[] slow(TorchScriptArchive archive, int millis) {
        return spinning(archive, String.valueOf(millis), "pass");
    }

    private static byte[] spinning(TorchScriptArchive archive, String millis, String meanwhile) {
        String forward = "    x: Tensor) -> Dict[str, Tensor]:\n";
        return code(
                        archive,
                        "code/__torch__.py",
                        forward,
                        forward + """
                    start = ops.prim.TimePoint()
                    end = torch.add(start, torch.mul(%s, 1000000))
                    while torch.lt(ops.prim.TimePoint(), end):
                      %s
                """.formatted(millis, meanwhile).indent(0))
                .toByteArray();
    }

    /** An archive one bit of which changed on the disk, in an entry. */
    public static byte[] bytesWithBitFlippedIn(TorchScriptArchive archive, String entry) {
        byte[] whole = archive.toByteArray();
        byte[] part = archive.bytes(entry, 1 << 20);
        for (int at = 0; at <= whole.length - part.length; at++) {
            if (java.util.Arrays.equals(whole, at, at + part.length, part, 0, part.length)) {
                whole[at + 2] ^= 0x40;
                return whole;
            }
        }
        throw new IllegalArgumentException(entry);
    }

    public static TorchScriptArchive written(ScriptModule module) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            TorchScriptWriter.write(module, "test", out);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return TorchScriptArchive.of(out.toByteArray());
    }
}
