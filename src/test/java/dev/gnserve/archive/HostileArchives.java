package dev.gnserve.archive;

import dev.gnserve.ModelsFolder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Archives of the task tensors, with inputs of 4 values, whose code harms the process that runs it. */
public final class HostileArchives {

    /** What {@code model.yaml} says of them. */
    public static final String MANIFEST = """
            task: tensors
            warmUp: {shapes: [[4]]}
            execution: {workers: 1}
            batching: {maxSize: 1}
            """;

    private static final String FORWARD = "    x: Tensor) -> Dict[str, Tensor]:\n";

    /** Deeper than the stack of any thread. */
    private static final int BRACKETS = 200_000;

    private HostileArchives() {}

    /** One that does no harm. */
    public static byte[] harmless() {
        return plain().toByteArray();
    }

    /** One that loops for ever in its forward pass. */
    public static byte[] looping() {
        return withCode("    _9 = True\n    while _9:\n      _9 = torch.gt(1, 0)\n");
    }

    /** One that loops for ever when it is loaded: its state is set by a method. */
    public static byte[] loopingAtLoad() {
        String forward = "  def forward(";
        TorchScriptArchive archive = Rewrites.code(plain(), "code/__torch__.py", forward, """
              def __setstate__(self: __torch__.Vector,
                state: int) -> NoneType:
                _9 = True
                while _9:
                  _9 = torch.gt(1, 0)
                self.training = False
                return None
              def __getstate__(self: __torch__.Vector) -> int:
                return 3
            """.indent(0) + forward);
        return archive.with(Map.of(
                        "data.pkl",
                        "\u0080\u0002c__torch__\nVector\n)\u0081K\u0003b.".getBytes(StandardCharsets.ISO_8859_1)))
                .toByteArray();
    }

    /** One that takes memory until there is none, in small steps first. */
    public static byte[] growing() {
        return withCode("    s = \"a\"\n    for i in range(60):\n      s = torch.add(s, s)\n");
    }

    /** One whose code ends the compiler of libtorch with a stack overflow. */
    public static byte[] overflowing() {
        return withCode("    _9 = " + "(".repeat(BRACKETS) + "1" + ")".repeat(BRACKETS) + "\n");
    }

    /** One that writes a file in its forward pass. */
    public static byte[] saving(String file) {
        return withCode("    torch.save([x], \"" + file + "\")\n");
    }

    /** One that prints what looks like an answer of the trial process, and much else. */
    public static byte[] printing() {
        return withCode("""
                s = "PASSED"
                for i in range(20):
                  print(s)
                  s = torch.add(s, s)
            """);
    }

    /** A scripted model with more code at the beginning of its forward pass, indented by four spaces. */
    public static byte[] withCode(String code) {
        return Rewrites.code(plain(), "code/__torch__.py", FORWARD, FORWARD + code)
                .toByteArray();
    }

    private static TorchScriptArchive plain() {
        return TorchScriptArchive.of(ModelsFolder.bytes("/models/vector-scripted.pt"));
    }
}
