package dev.gnserve.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArchiveSnapshotTest {

    /** Starts in a separate JVM, where the private file cannot be written. */
    static final class Reading {

        private Reading() {}

        public static void main(String[] args) throws IOException {
            try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(Path.of(args[0]))) {
                System.out.println("read " + snapshot);
            } catch (IOException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 1_000_003})
    void aSnapshotIsTheBytesOfItsSourceAndTheirDigest(int size) throws Exception {
        byte[] bytes = bytes(size);

        try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(new ByteArrayInputStream(bytes), "x/1/model.pt")) {
            assertThat(read(snapshot)).isEqualTo(bytes);
            assertThat(read(snapshot)).as("read again").isEqualTo(bytes);
            assertThat(snapshot.size()).isEqualTo(size);
            assertThat(snapshot.sha256()).isEqualTo(sha256(bytes));
            assertThat(snapshot.name()).isEqualTo("x/1/model.pt");
        }
    }

    @Test
    void streamsOfOneSnapshotDoNotDisturbEachOther() throws IOException {
        byte[] bytes = bytes(300_000);
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(new ByteArrayInputStream(bytes), "x");
                InputStream first = snapshot.newInputStream();
                InputStream second = snapshot.newInputStream()) {
            for (byte expected : bytes) {
                assertThat((byte) first.read()).isEqualTo(expected);
                if (expected == 0) {
                    assertThat(second.skip(1)).isEqualTo(1);
                }
            }
            assertThat(first.read()).isEqualTo(-1);
        }
    }

    @Test
    void laterChangesOfTheFileHaveNoEffect() throws Exception {
        byte[] bytes = Samples.bytes("chain-scripted.pt");
        Path file = Files.write(folder.resolve("model.pt"), bytes);
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(file)) {
            Files.write(file, new byte[bytes.length]);
            assertThat(read(snapshot)).as("overwritten").isEqualTo(bytes);
            Files.write(file, new byte[0]);
            assertThat(read(snapshot)).as("truncated").isEqualTo(bytes);
            Files.delete(file);
            assertThat(read(snapshot)).as("deleted").isEqualTo(bytes);
            assertThat(snapshot.sha256()).isEqualTo(sha256(bytes));
            assertThat(snapshot.torchScript().entries()).isNotEmpty();
        }
    }

    /** A channel would be closed for all by the first thread that is interrupted while it reads. */
    @Test
    void anInterruptedReaderDoesNotDisturbOthers() throws Exception {
        byte[] bytes = bytes(2_000_000);
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(new ByteArrayInputStream(bytes), "x")) {
            List<CompletableFuture<byte[]>> readings = Stream.generate(() -> CompletableFuture.supplyAsync(() -> {
                        Thread.currentThread().interrupt();
                        try {
                            return read(snapshot);
                        } finally {
                            Thread.interrupted();
                        }
                    }))
                    .limit(4)
                    .toList();

            assertThat(readings)
                    .allSatisfy(reading -> assertThat(reading.join()).isEqualTo(bytes));
            assertThat(read(snapshot)).isEqualTo(bytes);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aPrivateFileHasNoNameAndIsGoneWhenItIsClosed() throws IOException {
        long before = openPrivateFiles();
        List<Path> named = namedPrivateFiles();

        ArchiveSnapshot snapshot = ArchiveSnapshot.read(new ByteArrayInputStream(bytes(1000)), "x");
        assertThat(openPrivateFiles()).isEqualTo(before + 1);
        assertThat(namedSince(named)).as("while it is open").isEmpty();
        snapshot.close();
        snapshot.close();

        assertThat(openPrivateFiles()).isEqualTo(before);
        assertThat(namedSince(named)).isEmpty();
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aSourceThatCannotBeReadToItsEndLeavesNoPrivateFile() throws IOException {
        long before = openPrivateFiles();
        List<Path> named = namedPrivateFiles();
        InputStream broken = new FilterInputStream(new ByteArrayInputStream(new byte[100_000])) {
            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                int count = super.read(into, offset, length);
                if (count < 0) {
                    throw new IOException("the share is gone");
                }
                return count;
            }
        };

        assertThatThrownBy(() -> ArchiveSnapshot.read(broken, "x"))
                .as("not the private file's fault")
                .isInstanceOf(IOException.class)
                .hasMessage("the share is gone");

        assertThat(openPrivateFiles()).isEqualTo(before);
        assertThat(namedSince(named)).isEmpty();
    }

    @Test
    void aFileThatIsMissingOrAFolderSaysSo() {
        assertThatThrownBy(() -> ArchiveSnapshot.read(folder.resolve("none.pt")))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining("none.pt does not exist");
        assertThatThrownBy(() -> ArchiveSnapshot.read(folder))
                .isInstanceOf(TorchScriptException.class)
                .hasMessageContaining("is not a file");
    }

    @Test
    void readingAClosedSnapshotIsAFailureThatSaysSo() throws IOException {
        ArchiveSnapshot never = ArchiveSnapshot.read(new ByteArrayInputStream(bytes(1000)), "x");
        ArchiveSnapshot parsed =
                ArchiveSnapshot.read(new ByteArrayInputStream(Samples.bytes("chain-scripted.pt")), "y");
        TorchScriptArchive archive = parsed.torchScript();
        InputStream open = never.newInputStream();
        never.close();
        parsed.close();

        assertThatThrownBy(never::torchScript).isInstanceOf(TorchScriptException.class);
        assertThatThrownBy(open::read).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> read(never)).hasRootCauseInstanceOf(IOException.class);
        assertThat(never.sha256()).as("still known").hasSize(64);
        assertThatThrownBy(() -> archive.writeTo(OutputStream.nullOutputStream()))
                .isInstanceOfAny(TorchScriptException.class, IOException.class);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void whereTheDiskIsFullAnArchiveThatIsTooLargeForTheHeapIsRefused() throws Exception {
        Path file = Files.write(folder.resolve("model.pt"), bytes(8_000_000));
        Path small = Files.createDirectory(folder.resolve("small"));

        String said = readingSays("ulimit -f 16; ", file, small);

        assertThat(said)
                .startsWith("there is no room for a private copy of the archive in " + small
                        + ", and the heap holds at most ")
                .endsWith(" bytes of such copies. Free some space there, or set java.io.tmpdir to another folder");
        try (Stream<Path> left = Files.list(small)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void whereNoFileCanBeWrittenTheHeapHoldsASmallArchive() throws Exception {
        Path file = Files.write(folder.resolve("model.pt"), bytes(100_000));
        Path small = Files.createDirectory(folder.resolve("small"));

        assertThat(readingSays("", file, folder.resolve("missing")))
                .startsWith("read ")
                .contains("100000 bytes", sha256(file));
        assertThat(readingSays("ulimit -f 16; ", file, small))
                .startsWith("read ")
                .contains("100000 bytes", sha256(file));
        try (Stream<Path> left = Files.list(small)) {
            assertThat(left).isEmpty();
        }
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    /** Reads an archive in a separate JVM, under a shell's limits, and gives its last line. */
    private static String readingSays(String limits, Path archive, Path temporary) throws Exception {
        String command =
                limits + "exec \"$0\" -Xmx32m -XX:-UsePerfData \"-Djava.io.tmpdir=$1\" -cp \"$2\" \"$3\" \"$4\"";
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        command,
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        temporary.toString(),
                        "target/classes:target/test-classes",
                        Reading.class.getName(),
                        archive.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(said).isZero();
        List<String> lines = said.lines().toList();
        return lines.get(lines.size() - 1);
    }

    private static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static byte[] read(ArchiveSnapshot snapshot) {
        try (InputStream in = snapshot.newInputStream()) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static long openPrivateFiles() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(descriptor -> {
                        try {
                            return Files.readSymbolicLink(descriptor).toString().contains("/gnserve-");
                        } catch (IOException e) {
                            return false; // Closed meanwhile.
                        }
                    })
                    .count();
        }
    }

    /** Files that came and stay. Other processes use the same folder: each of their files has a name for a moment. */
    private static List<Path> namedSince(List<Path> before) throws IOException {
        List<Path> stay = new ArrayList<>(namedPrivateFiles());
        stay.removeAll(before);
        for (int look = 0; look < 100 && !stay.isEmpty(); look++) {
            LockSupport.parkNanos(20_000_000);
            stay.retainAll(namedPrivateFiles());
        }
        return stay;
    }

    private static List<Path> namedPrivateFiles() throws IOException {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        try (Stream<Path> files = Files.list(temporary)) {
            return files.filter(file -> file.getFileName().toString().startsWith("gnserve-"))
                    .filter(file -> file.toString().endsWith(".archive"))
                    .sorted()
                    .toList();
        }
    }
}
