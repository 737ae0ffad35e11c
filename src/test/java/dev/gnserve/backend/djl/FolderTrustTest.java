package dev.gnserve.backend.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class FolderTrustTest {

    private static final int ANOTHER_USER = 54_321;

    @TempDir
    private Path temporary;

    private Path cache;

    @BeforeEach
    void makeCache() throws IOException {
        cache = Files.createDirectories(temporary.resolve(".djl.ai/pytorch/2.7.1"));
        Files.createFile(cache.resolve("libtorch.so"));
    }

    @Test
    void foldersOfThisUserAreTrustedAndThoseThatDoNotExistYet() throws IOException {
        assertThat(FolderTrust.objection(cache)).isNull();
        assertThat(FolderTrust.objection(cache.resolve("a/b"))).isNull();
    }

    @Test
    void whatOthersCanWriteToIsNot() throws IOException {
        for (Path open : new Path[] {cache.resolve("libtorch.so"), cache, cache.getParent(), temporary}) {
            var before = Files.getPosixFilePermissions(open);
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));

            assertThat(FolderTrust.objection(cache)).isEqualTo("other users can write to " + open);

            Files.setPosixFilePermissions(open, before);
        }
    }

    @Test
    void aSharedFolderIsTrustedWhereOnlyOwnersCanReplaceFiles() throws IOException {
        Files.setAttribute(temporary, "unix:mode", 01777);

        assertThat(FolderTrust.objection(cache)).isNull();
    }

    @Test
    void whatBelongsToAnotherUserIsNot() throws IOException {
        assumeTrue((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "only root gives files away");
        for (Path foreign : new Path[] {cache.resolve("libtorch.so"), cache, cache.getParent()}) {
            Files.setAttribute(foreign, "unix:uid", ANOTHER_USER);

            assertThat(FolderTrust.objection(cache)).contains(foreign + " belongs to user " + ANOTHER_USER);

            Files.setAttribute(foreign, "unix:uid", 0);
        }
    }
}
