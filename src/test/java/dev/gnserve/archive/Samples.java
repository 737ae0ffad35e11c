package dev.gnserve.archive;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;

/** The archives of src/test/resources/golden/torchscript, made by PyTorch 2.13. */
public final class Samples {

    public static final List<String> NAMES = List.of(
            "batch-norm-scripted",
            "chain-frozen",
            "chain-scripted",
            "chain-traced",
            "dict-output-scripted",
            "free-function-scripted",
            "functional-scripted",
            "functional-traced",
            "loop-scripted",
            "no-affine-traced",
            "no-norm-traced",
            "resize-scripted",
            "same-object-twice-traced",
            "shared-head-scripted",
            "shared-head-traced",
            "volumetric-traced");

    private Samples() {}

    public static byte[] bytes(String file) {
        try (InputStream in = Samples.class.getResourceAsStream("/golden/torchscript/" + file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    public static TorchScriptArchive archive(String name) {
        return TorchScriptArchive.of(bytes(name + ".pt"));
    }
}
