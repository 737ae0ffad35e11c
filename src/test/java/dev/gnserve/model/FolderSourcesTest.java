package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderSourcesTest {

    @TempDir
    private Path folder;

    private final Logger logger = Logger.getLogger(FolderSources.class.getName());
    private final List<String> warnings = Collections.synchronizedList(new ArrayList<>());
    private final Handler collecting = new Handler() {
        @Override
        public void publish(LogRecord message) {
            warnings.add(message.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        logger.addHandler(collecting);
    }

    @AfterEach
    void listenNoMore() {
        logger.removeHandler(collecting);
    }

    @Test
    void aFolderWithAnotherNameOfTheManifestIsNamedOnce() throws IOException {
        file("cells/model.yml");
        file("cells/1/model.pt");
        FolderSources sources = new FolderSources(folder);

        assertThat(sources.list()).isEmpty();
        assertThat(sources.list()).isEmpty();

        assertThat(warnings)
                .singleElement()
                .asString()
                .contains(folder.resolve("cells").toString(), "model.yaml");
        assertThat(sources.whyLeftOut("cells")).isEqualTo(warnings.get(0));
        assertThat(sources.whyLeftOut("other")).isNull();
    }

    @Test
    void anArchiveWithoutAManifestIsNamedWithTheFileThatIsExpected() throws IOException {
        file("cells/1/model.pt");
        file("nuclei/model.pt");

        new FolderSources(folder).list();

        assertThat(warnings).hasSize(2);
        assertThat(warnings.get(0)).contains(folder.resolve("cells/model.yaml").toString());
        assertThat(warnings.get(1)).contains(folder.resolve("nuclei/1/model.pt").toString());
    }

    @Test
    void foldersOfFileSystemsAndProgramsAreSilent() throws IOException {
        for (String name : List.of("lost+found", ".git", "@eaDir", "__MACOSX", "notes")) {
            file(name + "/1/readme");
        }
        file("lost+found/1/model.pt");
        file(".trash/1/model.pt");
        Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("nowhere"));

        assertThat(new FolderSources(folder).list()).isEmpty();

        assertThat(warnings).isEmpty();
    }

    @Test
    void aFolderThatCannotBeReadIsNamedAndListed() throws IOException {
        file("cells/model.yaml");
        file("cells/1/model.pt");
        Files.setPosixFilePermissions(folder.resolve("cells"), PosixFilePermissions.fromString("---------"));
        assumeFalse(Files.isReadable(folder.resolve("cells")), "root reads everything");

        List<ModelSource> listed = new FolderSources(folder).list();

        assertThat(listed)
                .singleElement()
                .satisfies(source -> assertThat(source.isReadable()).isFalse());
        assertThat(warnings)
                .singleElement()
                .asString()
                .contains(folder.resolve("cells").toString(), "cannot read");
    }

    @Test
    void aFolderNeedNotExistUntilItWasSeen() throws IOException {
        Path later = folder.resolve("later");
        FolderSources sources = new FolderSources(later);
        assertThat(sources.list()).isEmpty();
        Files.createDirectory(later);
        assertThat(sources.list()).isEmpty();

        Files.delete(later);

        assertThatThrownBy(sources::list).isInstanceOf(NoSuchFileException.class);
    }

    private void file(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.createFile(file);
    }
}
