package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whatever is done to an archive, reading it ends soon, in a small heap, with a result or with its own error. */
class ArchiveMutationTest {

    private static final List<String> SAMPLES =
            List.of("functional-scripted", "chain-frozen", "same-object-twice-traced", "shared-head-scripted");

    @Test
    @Timeout(60)
    void mutatedZipsGiveAResultOrTheirOwnError() {
        Random random = new Random(20180322);
        for (String sample : SAMPLES) {
            byte[] sound = Samples.bytes(sample + ".pt");
            for (int round = 0; round < 500; round++) {
                read(mutated(sound, random), sample + " round " + round);
            }
        }
    }

    /** Mutations behind the checksums, where most of the reader is. */
    @Test
    @Timeout(60)
    void mutatedPicklesAndCodeGiveAResultOrTheirOwnError() {
        Random random = new Random(1803);
        for (String sample : SAMPLES) {
            TorchScriptArchive archive = Samples.archive(sample);
            List<String> parts = archive.entries().stream()
                    .filter(name -> name.endsWith(".pkl") || name.endsWith(".py") || name.equals("byteorder"))
                    .toList();
            for (int round = 0; round < 750; round++) {
                String part = parts.get(random.nextInt(parts.size()));
                byte[] changed = mutated(archive.bytes(part, 1 << 20), random);
                String what = sample + " " + part + " round " + round;
                own(what, () -> inspect(archive.with(Map.of(part, changed))));
            }
        }
    }

    @Test
    @Timeout(20)
    void picklesMadeToExplodeAreRefused() {
        TorchScriptArchive archive = Samples.archive("no-norm-traced");
        // A tree of shared objects with 2^40 paths, an object that contains itself, lengths of 2 GB.
        StringBuilder tree = new StringBuilder("\u0080\u0002c__torch__\nA\nq\0)\u0081q\u0001}b");
        for (int i = 1; i <= 40; i++) {
            tree.append("h\0)\u0081}(");
            tree.append("X\u0001\0\0\0ah")
                    .append((char) i)
                    .append("X\u0001\0\0\0bh")
                    .append((char) i);
            tree.append("ubq").append((char) (i + 1));
        }
        own("tree", () -> inspect(archive.with(Map.of("data.pkl", latin1(tree + ".")))));
        String self = "\u0080\u0002c__torch__\nA\n)\u0081q\u0001}(X\u0001\0\0\0ah\u0001ub.";
        own("self", () -> inspect(archive.with(Map.of("data.pkl", latin1(self)))));
        for (String huge :
                List.of("X\u00ff\u00ff\u00ff\u007f.", "X\u00ff\u00ff\u00ff\u00ff.", "T\u00ff\u00ff\u00ff\u007f.")) {
            own("huge", () -> inspect(archive.with(Map.of("data.pkl", latin1("\u0080\u0002" + huge)))));
        }
        String nested = "]".repeat(100_000) + "a".repeat(99_999) + ".";
        own("nested", () -> inspect(archive.with(Map.of("constants.pkl", latin1("\u0080\u0002" + nested)))));
    }

    @Test
    @Timeout(20)
    void codeMadeToExplodeIsRefusedOrIgnored() {
        TorchScriptArchive archive = Samples.archive("functional-scripted");
        String file = "code/__torch__/torch/nn/functional.py";
        StringBuilder doubling = new StringBuilder("def group_norm(x: Tensor) -> Tensor:\n  a0 = 1\n");
        for (int i = 1; i < 50; i++) {
            doubling.append("  a%d = [a%d, a%d]\n".formatted(i, i - 1, i - 1));
        }
        doubling.append("  return torch.group_norm(x, a49)\n");
        StringBuilder fan = new StringBuilder("def f0(x: Tensor) -> Tensor:\n  return torch.group_norm(x, 1)\n");
        for (int i = 1; i < 40; i++) {
            fan.append(
                    "def f%1$d(x: Tensor) -> Tensor:\n  y = __torch__.torch.nn.functional.f%2$d(x)\n  return __torch__.torch.nn.functional.f%2$d(y)\n"
                            .formatted(i, i - 1));
        }
        fan.append("def group_norm(x: Tensor) -> Tensor:\n  return __torch__.torch.nn.functional.f39(x)\n");
        String recursive =
                "def group_norm(x: Tensor) -> Tensor:\n  y = torch.group_norm(x, 1)\n  return __torch__.torch.nn.functional.group_norm(y)\n";
        String deep = "def group_norm(x: Tensor) -> Tensor:\n  return " + "torch.group_norm(".repeat(20_000) + "x"
                + ")".repeat(20_000) + "\n";
        for (String code : List.of(doubling.toString(), fan.toString(), recursive, deep)) {
            own(code.substring(0, 60), () -> inspect(archive.with(Map.of(file, latin1(code)))));
        }
    }

    private static void read(byte[] bytes, String what) {
        own(what, () -> inspect(TorchScriptArchive.of(bytes)));
    }

    private static void inspect(TorchScriptArchive archive) {
        archive.corruptEntries();
        archive.normalizations();
        TappedArchive.of(archive);
        archive.parameters().forEach(parameter -> {
            if (parameter.tensor().type() == TensorType.FLOAT32) {
                archive.floats(parameter.tensor());
            }
        });
    }

    private static void own(String what, Runnable reading) {
        try {
            reading.run();
        } catch (TorchScriptException expected) {
            assertThat(expected).as(what).message().isNotBlank();
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            throw new AssertionError(what + " made the reader throw " + e, e);
        }
    }

    private static byte[] mutated(byte[] sound, Random random) {
        byte[] bytes = sound.clone();
        switch (random.nextInt(5)) {
            case 0 -> bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
            case 1 -> {
                int from = random.nextInt(bytes.length);
                int length = Math.min(random.nextInt(64) + 1, bytes.length - from);
                int to = random.nextInt(bytes.length - length + 1);
                System.arraycopy(sound, from, bytes, to, length);
            }
            case 2 -> {
                int at = random.nextInt(bytes.length);
                for (int i = at; i < Math.min(bytes.length, at + 4); i++) {
                    bytes[i] = (byte) 0xff;
                }
            }
            default -> {
                int changes = 1 + random.nextInt(8);
                // The directory of a zip lies at its end: half of the changes go there.
                int from = random.nextBoolean() ? 0 : Math.max(0, bytes.length - 600);
                for (int i = 0; i < changes; i++) {
                    bytes[from + random.nextInt(bytes.length - from)] = (byte) random.nextInt(256);
                }
            }
        }
        return bytes;
    }

    private static byte[] latin1(String text) {
        return text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    }
}
