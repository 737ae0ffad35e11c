package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryFile;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.gnserve.Bounds;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reading, inspecting and tapping any bytes gives a result or a {@link TorchScriptException}. An input of this test is a whole
 * archive; or, because a zip has checksums, one byte for an archive, one byte for a part of it, and the new content of the part.
 */
class ArchiveFuzzTest {

    private static final List<String> SAMPLES = List.of(
            "no-norm-traced",
            "functional-traced",
            "functional-scripted",
            "free-function-scripted",
            "same-object-twice-traced");

    private static final List<TorchScriptArchive> ARCHIVES =
            SAMPLES.stream().map(Samples::archive).toList();

    static Stream<byte[]> seeds() {
        Stream<byte[]> parts = IntStream.range(0, ARCHIVES.size()).boxed().flatMap(archive -> {
            List<String> names = parts(ARCHIVES.get(archive));
            return IntStream.range(0, names.size()).mapToObj(part -> {
                byte[] content = ARCHIVES.get(archive).bytes(names.get(part), 1 << 20);
                byte[] input = new byte[2 + content.length];
                input[0] = archive.byteValue();
                input[1] = (byte) part;
                System.arraycopy(content, 0, input, 2, content.length);
                return input;
            });
        });
        Stream<byte[]> whole =
                Stream.of("no-norm-traced", "functional-traced").map(name -> Samples.bytes(name + ".pt"));
        return Stream.concat(parts, whole);
    }

    @DictionaryFile(resourcePath = "/dev/gnserve/archive/archive.dict")
    @MethodSource("seeds")
    @FuzzTest
    void bytesGiveAResultOrTheArchivesOwnError(byte[] bytes) {
        Bounds.hold(() -> read(bytes));
    }

    private static void read(byte[] bytes) {
        try {
            inspect(archive(bytes));
        } catch (TorchScriptException e) {
            assertThat(e).message().isNotBlank();
        }
    }

    private static TorchScriptArchive archive(byte[] bytes) {
        if (bytes.length < 2 || bytes[0] == 'P') {
            return TorchScriptArchive.of(bytes);
        }
        TorchScriptArchive archive = ARCHIVES.get((bytes[0] & 0xFF) % ARCHIVES.size());
        List<String> names = parts(archive);
        String part = names.get((bytes[1] & 0xFF) % names.size());
        return archive.with(Map.of(part, Arrays.copyOfRange(bytes, 2, bytes.length)));
    }

    /** What is parsed: pickles and code. */
    private static List<String> parts(TorchScriptArchive archive) {
        return archive.entries().stream()
                .filter(name -> name.endsWith(".pkl") || name.endsWith(".py") || name.equals("byteorder"))
                .sorted()
                .toList();
    }

    private static void inspect(TorchScriptArchive archive) {
        archive.corruptEntries();
        archive.normalizations();
        archive.loops();
        FileOperator.in(archive);
        TappedArchive.of(archive);
        archive.parameters().forEach(parameter -> {
            if (parameter.tensor().type() == TensorType.FLOAT32) {
                archive.floats(parameter.tensor());
            }
        });
    }
}
