package dev.gnserve.bulk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class BulkJobTest {

    private static final Path FULL = Path.of("/dev/full");

    @TempDir
    private Path folder;

    private Path in;
    private Path out;
    private final Set<String> asked = new ConcurrentSkipListSet<>();

    @BeforeEach
    void images() throws IOException {
        in = Files.createDirectories(folder.resolve("in"));
        out = folder.resolve("out");
        for (String name : List.of("b.png", "a.JPG", "deep/er/c.tiff", "notes.txt", ".hidden.png", ".git/d.png")) {
            Path file = in.resolve(name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "image " + name);
        }
    }

    @Test
    void everyImageGetsItsResultInTheSameFolder() throws Exception {
        BulkJob.Summary summary = run(Shard.WHOLE, "none");

        assertThat(asked).containsExactly("a.JPG", "b.png", "deep/er/c.tiff");
        assertThat(files())
                .containsExactly(
                        "a.JPG.json",
                        "a.JPG.overlay.png",
                        "b.png.json",
                        "b.png.overlay.png",
                        "deep/er/c.tiff.json",
                        "deep/er/c.tiff.overlay.png");
        assertThat(out.resolve("deep/er/c.tiff.json")).hasContent("found in image deep/er/c.tiff");
        assertThat(summary.images()).isEqualTo(3);
        assertThat(summary.done()).isEqualTo(3);
    }

    @Test
    void aFileWithoutAnEndingCountsIfItBeginsAsAnImage() throws Exception {
        Files.write(in.resolve("slide"), new byte[] {'I', 'I', 42, 0, 8, 0, 0, 0});
        Files.writeString(in.resolve("LICENSE"), "BM is no image");
        Files.createFile(in.resolve("empty"));

        run(Shard.WHOLE, "none");

        assertThat(asked).containsExactly("a.JPG", "b.png", "deep/er/c.tiff", "slide");
    }

    @Test
    void filesOfOtherEndingsAreCountedAndAnEmptyFolderIsNamed() throws Exception {
        Files.createFile(in.resolve("deep/two.TXT"));
        Files.writeString(in.resolve("LICENSE"), "no image");

        BulkJob.Summary summary = run(new Shard(0, 100), "none");

        assertThat(summary.passedOver()).isEqualTo(Map.of(".txt", 2, "", 1));
        assertThat(summary.empty()).isFalse();
        for (String image : List.of("b.png", "a.JPG", "deep/er/c.tiff")) {
            Files.delete(in.resolve(image));
        }
        assertThat(run(Shard.WHOLE, "none").empty()).isTrue();
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aNameWithABackslashIsOneName() throws Exception {
        Files.writeString(in.resolve("a\\b.png"), "image");

        assertThat(run(Shard.WHOLE, "none").failed()).isEmpty();
        assertThat(files()).contains("a\\b.png.json");
    }

    @Test
    void aResultThatCannotBeWrittenLeavesNoPartOfIt() throws Exception {
        Files.createDirectories(out.resolve("b.png.overlay.png/taken"));

        assertThatThrownBy(() -> run(Shard.WHOLE, "none")).hasMessageContaining("b.png.overlay.png cannot be written");
        assertThat(files()).noneMatch(name -> name.endsWith(".part"));
    }

    @Test
    void completeResultsAreKeptAndWhatAKillLeftIsOverwritten() throws Exception {
        Files.createDirectories(out);
        Files.writeString(out.resolve("a.JPG.json"), "by an earlier job");
        // Killed between picture and JSON, and in the middle of a JSON.
        Files.writeString(out.resolve("b.png.overlay.png"), "old");
        Files.writeString(ResultFiles.part(out.resolve("b.png.json")), "{\"mod");

        BulkJob.Summary summary = run(Shard.WHOLE, "none");

        assertThat(asked).containsExactly("b.png", "deep/er/c.tiff");
        assertThat(summary.before()).isOne();
        assertThat(summary.done()).isEqualTo(2);
        assertThat(out.resolve("a.JPG.json")).hasContent("by an earlier job");
        assertThat(out.resolve("b.png.overlay.png")).hasContent("picture");
        assertThat(files()).noneMatch(name -> name.endsWith(".part"));
    }

    @Test
    void aFailureIsReportedBesideTheOthersAndTriedAgain() throws Exception {
        BulkJob.Summary first = run(Shard.WHOLE, "b.png");

        assertThat(first.failed()).containsOnlyKeys("b.png");
        assertThat(first.failed().get("b.png")).contains("IMAGE_UNDECODABLE", "not for me");
        assertThat(first.done()).isEqualTo(2);
        assertThat(out.resolve("b.png.problem.json")).hasContent("problem of b.png");
        asked.clear();

        BulkJob.Summary second = run(Shard.WHOLE, "none");

        assertThat(asked).containsExactly("b.png");
        assertThat(second.failed()).isEmpty();
        assertThat(files()).contains("b.png.json").doesNotContain("b.png.problem.json");
    }

    @Test
    void anImageThatIsRefusedBesideOthersIsDoneAlone() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        BulkJob job = new BulkJob(
                in,
                out,
                false,
                (name, image) -> {
                    if (name.equals("b.png") && refused.getAndIncrement() == 0) {
                        throw Failure.of(FailureCode.OVERLOADED, "too much at once")
                                .asException();
                    }
                    return new BulkJob.Result(image, null);
                },
                (name, failure) -> new byte[0]);

        BulkJob.Summary summary = job.run(Shard.WHOLE, 3, any -> {}, any -> {});

        assertThat(summary.done()).isEqualTo(3);
        assertThat(refused).hasValue(2);
        assertThat(files()).containsExactly("a.JPG.json", "b.png.json", "deep/er/c.tiff.json");
    }

    @Test
    void anImageThatTakesTheMemoryIsTriedAloneAndThenReported() throws Exception {
        AtomicInteger tried = new AtomicInteger();
        BulkJob job = new BulkJob(
                in,
                out,
                false,
                (name, image) -> {
                    if (name.equals("b.png")) {
                        tried.incrementAndGet();
                        throw new OutOfMemoryError("Java heap space");
                    }
                    return new BulkJob.Result(image, null);
                },
                (name, failure) -> new byte[0]);

        BulkJob.Summary summary = job.run(Shard.WHOLE, 3, any -> {}, any -> {});

        assertThat(summary.failed()).containsOnlyKeys("b.png");
        assertThat(summary.failed().get("b.png")).contains("OVERLOADED", "not enough memory");
        assertThat(tried).hasValue(2);
        assertThat(files()).containsExactly("a.JPG.json", "deep/er/c.tiff.json");
    }

    /** A link to /dev/full, in place of an unfinished result, fails as a full disk does. */
    @Test
    @EnabledIf("deviceThatIsAlwaysFull")
    void aFullDiskEndsTheJobNamesTheResultAndKeepsCompleteResults() throws Exception {
        Files.createDirectories(out);
        Files.writeString(out.resolve("a.JPG.json"), "by an earlier job");
        Files.createSymbolicLink(ResultFiles.part(out.resolve("b.png.json")), FULL);

        assertThatThrownBy(() -> run(Shard.WHOLE, "none"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(out.resolve("b.png.json") + " cannot be written")
                .hasMessageContaining("No space left on device");
        assertThat(out.resolve("a.JPG.json")).hasContent("by an earlier job");
        assertThat(out.resolve("b.png.json")).doesNotExist();
        assertThat(ResultFiles.part(out.resolve("b.png.json"))).doesNotExist();

        assertThat(run(Shard.WHOLE, "none").failed()).isEmpty();
        assertThat(out.resolve("b.png.json")).hasContent("found in image b.png");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void whatCannotBeReadIsReportedAndTheRestIsDone() throws Exception {
        Files.createSymbolicLink(in.resolve("a.png"), Path.of("/proc/self/mem")); // Reading fails.
        Files.createSymbolicLink(in.resolve("deep/loop"), in); // Listing fails.
        Files.createSymbolicLink(in.resolve("dangling.png"), in.resolve("nowhere"));
        new ProcessBuilder("bash", "-c", "touch \"$0\"/$'\\xff.png'", in.toString()) // In no encoding of names.
                .start()
                .waitFor();

        BulkJob.Summary summary = run(Shard.WHOLE, "none");

        assertThat(asked).containsExactly("a.JPG", "b.png", "deep/er/c.tiff");
        assertThat(summary.done()).isEqualTo(3);
        assertThat(summary.images()).isEqualTo(6);
        assertThat(summary.failed()).containsOnlyKeys("a.png", "deep/loop", "\uFFFD.png");
        assertThat(summary.failed().get("a.png")).contains("cannot be read", "Input/output error");
        assertThat(files()).contains("a.png.problem.json");
        assertThat(run(new Shard(0, 2), "none").failed().size()
                        + run(new Shard(1, 2), "none").failed().size())
                .as("each by one shard")
                .isEqualTo(3);
    }

    /** Linux allows names of 255 bytes. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aLongNameGetsItsResultAndOneThatIsTooLongIsReported() throws Exception {
        String longest = "x".repeat(246) + ".png"; // and .json
        String noProblem = "y".repeat(246) + ".png"; // .problem.json would be too long
        String tooLong = "z".repeat(247) + ".png";
        for (String name : List.of(longest, noProblem, tooLong)) {
            Files.createFile(in.resolve(name));
        }

        BulkJob.Summary summary = job(false, noProblem, false).run(Shard.WHOLE, 3, any -> {}, any -> {});

        assertThat(asked).containsExactly("a.JPG", "b.png", "deep/er/c.tiff", longest, noProblem);
        assertThat(summary.failed()).containsOnlyKeys(noProblem, tooLong);
        assertThat(summary.failed().get(tooLong)).contains(tooLong + ".json", "too long", "shorter one");
        assertThat(files()).containsExactly("a.JPG.json", "b.png.json", "deep/er/c.tiff.json", longest + ".json");
    }

    @Test
    void anImageThatTheProcessorCannotTakeIsReportedAndTheRestIsDone() throws Exception {
        BulkJob job = new BulkJob(
                in,
                out,
                false,
                (name, image) -> {
                    if (name.equals("b.png")) {
                        throw new IllegalStateException("a defect");
                    }
                    return new BulkJob.Result(image, null);
                },
                (name, failure) -> new byte[0]);

        BulkJob.Summary summary = job.run(Shard.WHOLE, 3, any -> {}, any -> {});

        assertThat(summary.failed()).containsOnlyKeys("b.png");
        assertThat(summary.failed().get("b.png")).contains("a defect");
        assertThat(summary.done()).isEqualTo(2);
    }

    @Test
    void aResultWithoutTheWantedPictureIsMadeAgain() throws Exception {
        run(Shard.WHOLE, "none");
        Files.delete(out.resolve("b.png.overlay.png"));
        asked.clear();

        assertThat(run(Shard.WHOLE, "none").done()).as("without pictures").isZero();
        assertThat(job(true, "none").run(Shard.WHOLE, 3, any -> {}, any -> {}).done())
                .isOne();

        assertThat(asked).containsExactly("b.png");
        assertThat(out.resolve("b.png.overlay.png")).exists();
    }

    @Test
    void aFolderHasResultsOfOneOrigin() throws IOException {
        assertThat(ResultsOrigin.claim(out, "model a")).isNull();
        assertThat(ResultsOrigin.claim(out, "model a")).isNull();
        assertThat(ResultsOrigin.claim(out, "model b")).isEqualTo("model a");
        assertThat(ResultsOrigin.claim(out, "model a")).isNull();
    }

    static boolean deviceThatIsAlwaysFull() {
        return Files.exists(FULL);
    }

    @Test
    void shardsHaveEveryImageOnceAndDependOnItsNameOnly() {
        List<String> names =
                IntStream.range(0, 1000).mapToObj(i -> "image-" + i + ".png").toList();
        for (String name : names) {
            assertThat(IntStream.range(0, 7)
                            .filter(i -> new Shard(i, 7).has(name))
                            .count())
                    .isOne();
        }
        List<Long> sizes = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            sizes.add(names.stream().filter(new Shard(i, 7)::has).count());
        }
        assertThat(sizes).allMatch(size -> size > 1000 / 7 / 2, "about as many each");
        // CRC-32 of "image-0.png" by zlib is 0x0A186577.
        assertThat(new Shard((int) (0x0A186577L % 7), 7).has("image-0.png")).isTrue();
    }

    @Test
    void aShardIsOneOfItsCount() {
        assertThat(Shard.of("3/4")).isEqualTo(new Shard(3, 4));
        for (String wrong : List.of("4/4", "1", "a/b", "-1/2", "1/0", "1/2/3", "")) {
            assertThatThrownBy(() -> Shard.of(wrong))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("allowed is");
        }
    }

    private BulkJob.Summary run(Shard shard, String failing) throws IOException, InterruptedException {
        return job(false, failing).run(shard, 3, any -> {}, any -> {});
    }

    private BulkJob job(boolean withPictures, String failing) {
        return job(withPictures, failing, true);
    }

    private BulkJob job(boolean withPictures, String failing, boolean drawing) {
        return new BulkJob(
                in,
                out,
                withPictures,
                (name, image) -> {
                    asked.add(name);
                    if (name.equals(failing)) {
                        throw Failure.of(FailureCode.IMAGE_UNDECODABLE, "not for me")
                                .asException();
                    }
                    return new BulkJob.Result(
                            ("found in " + new String(image, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8),
                            drawing ? "picture".getBytes(StandardCharsets.UTF_8) : null);
                },
                (name, failure) -> ("problem of " + name).getBytes(StandardCharsets.UTF_8));
    }

    private Set<String> files() throws IOException {
        try (Stream<Path> all = Files.walk(out)) {
            Set<String> names = new TreeSet<>();
            all.filter(Files::isRegularFile)
                    .forEach(file -> names.add(out.relativize(file).toString()));
            return names;
        }
    }
}
