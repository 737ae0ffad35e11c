package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.backend.djl.EngineLibraries.Library;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineLibrariesTest {

    private static final String BUILD = "2.7.1-cpu";

    @TempDir
    private Path cache;

    private final AtomicInteger opened = new AtomicInteger();
    private final List<Library> libraries = List.of(library("libc10.so", "core"), library("libtorch.so", "all"));

    @Test
    void whatIsMissingIsUnpackedAndWhatIsCompleteIsLeftAlone() throws IOException {
        EngineLibraries.unpack(libraries, cache, BUILD);
        assertThat(file("libc10.so")).hasContent("core");
        assertThat(file("libtorch.so")).hasContent("all");
        assertThat(opened).hasValue(2);

        EngineLibraries.unpack(libraries, cache, BUILD);

        assertThat(opened).as("no second time").hasValue(2);
    }

    @Test
    void aTruncatedFileIsUnpackedAgainAndNoOther() throws IOException {
        EngineLibraries.unpack(libraries, cache, BUILD);
        Files.writeString(file("libc10.so"), "co");
        Files.createFile(file("jni123tmp")); // DJL would load it.

        EngineLibraries.unpack(libraries, cache, BUILD);

        assertThat(file("libc10.so")).hasContent("core");
        assertThat(opened).hasValue(3);
        assertThat(file("jni123tmp")).doesNotExist();
    }

    @Test
    void twoStartsAtOnceUnpackOnce() {
        List<CompletableFuture<Void>> starts = Stream.generate(() -> CompletableFuture.runAsync(() -> {
                    try {
                        EngineLibraries.unpack(libraries, cache, BUILD);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }))
                .limit(2)
                .toList();

        starts.forEach(CompletableFuture::join);

        assertThat(opened).hasValue(2);
        assertThat(file("libtorch.so")).hasContent("all");
    }

    @Test
    void aFailureLeavesNoPartBehind() throws IOException {
        InputStream broken = InputStream.nullInputStream();
        broken.close();
        Library failing = new Library(
                "libc10.so", 4, () -> new SequenceInputStream(new ByteArrayInputStream(new byte[2]), broken));

        assertThatThrownBy(() -> EngineLibraries.unpack(List.of(failing), cache, BUILD))
                .hasMessage("Stream closed");

        try (Stream<Path> left = Files.walk(cache)) {
            assertThat(left.filter(Files::isRegularFile)
                            .map(path -> path.getFileName().toString()))
                    .containsExactly(".gnserve-lock");
        }
    }

    @Test
    void whatAKilledStartHasLeftIsDeletedWhenItIsOld() throws IOException {
        Path old = leftover("tmp1", Duration.ofHours(1));
        Path young = leftover("tmp2", Duration.ofSeconds(5));
        Path other = leftover("2.6.0-cpu", Duration.ofHours(1));
        Path link = Files.createSymbolicLink(cache.resolve("tmp3"), other);

        EngineLibraries.unpack(libraries, cache, BUILD);

        assertThat(old).doesNotExist();
        assertThat(young).exists();
        assertThat(other.resolve("libtorch_cpu.so")).exists();
        assertThat(link).exists();
    }

    private Path leftover(String name, Duration age) throws IOException {
        Path folder = Files.createDirectory(cache.resolve(name));
        FileTime time = FileTime.from(Instant.now().minus(age));
        Files.setLastModifiedTime(Files.createFile(folder.resolve("libtorch_cpu.so")), time);
        return Files.setLastModifiedTime(folder, time);
    }

    private Path file(String name) {
        return cache.resolve(BUILD).resolve(name);
    }

    private Library library(String file, String content) {
        return new Library(file, content.length(), () -> {
            opened.incrementAndGet();
            return new ByteArrayInputStream(content.getBytes(StandardCharsets.US_ASCII));
        });
    }
}
