package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What stands in the place of a model's files. */
class ModelFolderTest {

    @TempDir
    private Path folder;

    private Path manifest;
    private Path archive;

    @BeforeEach
    void makeAModel() throws IOException {
        archive = Files.createDirectories(folder.resolve("cells/1")).resolve("model.pt");
        manifest = folder.resolve("cells/model.yaml");
        Files.writeString(manifest, "task: tensors\n");
    }

    @Test
    void filesAndLinksToFilesAreRead() throws IOException {
        Path elsewhere = Files.writeString(folder.resolve("elsewhere.pt"), "bytes");
        Files.createSymbolicLink(archive, elsewhere);

        try (var snapshot = only().snapshot()) {
            assertThat(snapshot.size()).isEqualTo(5);
        }
        assertThat(only().manifest()).isEqualTo("task: tensors\n");
    }

    @Test
    void aMissingArchiveIsNamed() throws IOException {
        assertThatThrownBy(only()::snapshot)
                .isInstanceOf(NoFileException.class)
                .hasMessageContaining(archive + " does not exist");
    }

    @Test
    void aFolderInThePlaceOfTheArchiveIsNamed() throws IOException {
        Files.createDirectory(archive);

        assertThatThrownBy(only()::snapshot)
                .isInstanceOf(NoFileException.class)
                .hasMessageContaining(archive + " is not a file: it is a folder");
    }

    /** Opening one blocks until another process writes into it. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void aNamedPipeIsNotOpened() throws Exception {
        assertThat(new ProcessBuilder("mkfifo", archive.toString()).start().waitFor())
                .isZero();

        assertThatThrownBy(only()::snapshot)
                .isInstanceOf(NoFileException.class)
                .hasMessageContaining(archive + " is not a file: it is a named pipe or a device");
        assertThatThrownBy(() -> only().open("1/model.pt")).isInstanceOf(NoFileException.class);
    }

    /** A second version that is sound does not hide it. */
    @Test
    void whatIsNoFileIsListedBesideOtherVersions() throws IOException {
        Files.createDirectory(archive);
        Files.writeString(Files.createDirectories(folder.resolve("cells/2")).resolve("model.pt"), "bytes");
        Files.createDirectory(folder.resolve("cells/samples"));

        assertThat(ModelFolder.list(folder)).extracting(ModelSource::version).containsExactly("1", "2");
    }

    @Test
    void aFileOfAVersionStandsInPlaceOfTheSharedOne() throws IOException {
        Path second = Files.createDirectories(folder.resolve("cells/2"));
        Files.writeString(archive, "bytes");
        Files.writeString(second.resolve("model.pt"), "bytes");
        Files.writeString(manifest, "task: tensors\n");
        Files.writeString(folder.resolve("cells/golden.json"), "1");
        List<ModelSource> before = ModelFolder.list(folder);
        String unchanged = before.get(0).fingerprint();
        String changing = before.get(1).fingerprint();

        Files.writeString(second.resolve("model.yaml"), "task: detection\n");
        Files.writeString(second.resolve("golden.json"), "2");

        assertThat(before.get(0).manifest()).isEqualTo("task: tensors\n");
        assertThat(before.get(1).manifest()).isEqualTo("task: detection\n");
        assertThat(before.get(0).manifestLocation()).isEqualTo(manifest.toString());
        assertThat(before.get(1).manifestLocation())
                .isEqualTo(second.resolve("model.yaml").toString());
        assertThat(before.get(0).open("golden.json")).hasContent("1");
        assertThat(before.get(1).open("golden.json")).hasContent("2");
        assertThat(before.get(0).fingerprint()).isEqualTo(unchanged);
        assertThat(before.get(1).fingerprint()).isNotEqualTo(changing);
    }

    @Test
    void aVersionWithItsOwnManifestNeedsNoSharedOne() throws IOException {
        Files.writeString(archive, "bytes");
        Files.move(manifest, archive.resolveSibling("model.yaml"));

        assertThat(only().version()).isEqualTo("1");
        assertThat(new FolderSources(folder).leftOut()).isEmpty();
    }

    @Test
    void aManifestInAnotherEncodingIsNamed() throws IOException {
        Files.write(manifest, "\ufefftask: tensors\n".getBytes(StandardCharsets.UTF_16LE));

        assertThatThrownBy(only()::manifest)
                .isInstanceOf(InvalidManifestException.class)
                .hasMessage(manifest + " is not UTF-8 text. Save it with the encoding UTF-8");
    }

    @Test
    void aManifestThatIsNoTextForPeopleIsNotReadWhole() throws IOException {
        Files.write(manifest, new byte[2 << 20]);

        assertThatThrownBy(only()::manifest)
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining(manifest + " has more than 1048576 bytes");
    }

    private ModelSource only() throws IOException {
        List<ModelSource> all = ModelFolder.list(folder);
        assertThat(all).hasSize(1);
        return all.get(0);
    }
}
