package dev.gnserve.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreadLimitTest {

    @TempDir
    private Path folder;

    @Test
    void theLimitOfVersionOneIsRead() throws IOException {
        group("pids/docker/abc", "100", "20");

        assertThat(limit("5:cpu,cpuacct:/docker/abc", "4:pids:/docker/abc", "0::/other"))
                .isEqualTo(new ThreadLimit(100, 20));
    }

    @Test
    void theTightestLimitOfAGroupAndThoseAroundItIsRead() throws IOException {
        group("kubepods/pod1/container", "max", "20");
        group("kubepods/pod1", "1024", "1000");
        group("kubepods", "4096", "3000");

        assertThat(limit("0::/kubepods/pod1/container")).isEqualTo(new ThreadLimit(1024, 1000));
    }

    @Test
    void aContainerThatSeesItsOwnGroupAsTheRootIsLimitedByIt() throws IOException {
        group("pids", "64", "3");
        group(".", "80", "5");

        assertThat(limit("4:pids:/docker/not-visible")).isEqualTo(new ThreadLimit(64, 3));
        assertThat(limit("0::/")).isEqualTo(new ThreadLimit(80, 5));
    }

    @Test
    void withoutALimitThereIsNone() throws IOException {
        group("pids/a", "max", "3");

        assertThat(limit("4:pids:/a", "0::/")).isNull();
        assertThat(ThreadLimit.of(folder.resolve("no such file"), folder)).isEmpty();
    }

    @Test
    void moreThreadsThanAllowedLeaveNone() {
        assertThat(new ThreadLimit(10, 12).free()).isZero();
    }

    private ThreadLimit limit(String... membership) throws IOException {
        Path file = Files.write(folder.resolve("membership"), java.util.List.of(membership));
        return ThreadLimit.of(file, folder).orElse(null);
    }

    private void group(String path, String most, String now) throws IOException {
        Path group = Files.createDirectories(folder.resolve(path));
        Files.writeString(group.resolve("pids.max"), most + "\n");
        Files.writeString(group.resolve("pids.current"), now + "\n");
    }
}
