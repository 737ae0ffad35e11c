package dev.gnserve.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AllocatorTest {

    private static final String GLIBC = "7f00-7f01 r-xp 00000000 08:01 1 /usr/lib/x86_64-linux-gnu/libc.so.6\n";
    private static final String TCMALLOC =
            "7f02-7f03 r-xp 00000000 08:01 2 /usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4.5.10\n";

    @Test
    void thePreloadedOneIsNamedBeforeTheOneOfTheCLibrary() {
        assertThat(Allocator.of(GLIBC + TCMALLOC, Map.of())).isEqualTo(new Allocator("tcmalloc", null));
    }

    @Test
    void glibcIsAdvisedAgainst() {
        assertThat(Allocator.of(GLIBC, Map.of()).advice()).contains("LD_PRELOAD");
        assertThat(Allocator.of(GLIBC, Map.of("MALLOC_TRIM_THRESHOLD_", "8589934592"))
                        .advice())
                .startsWith("resident memory grows");
    }

    @Test
    void whatIsNotKnownIsNotJudged() {
        assertThat(Allocator.of("", Map.of())).isEqualTo(new Allocator("unknown", null));
    }

    @Test
    void aProcessThatReturnsMemoryAtOnceKeepsOnlyOtherPreloadedLibraries() {
        Map<String, String> both =
                new HashMap<>(Map.of("LD_PRELOAD", "libgomp.so.1 /usr/lib/libtcmalloc_minimal.so.4"));
        Map<String, String> one = new HashMap<>(Map.of("LD_PRELOAD", "libjemalloc.so.2", "HOME", "/home"));
        Allocator.returnAtOnce(both);
        Allocator.returnAtOnce(one);
        assertThat(both).containsEntry("LD_PRELOAD", "libgomp.so.1").containsKey("MALLOC_MMAP_THRESHOLD_");
        assertThat(one).doesNotContainKey("LD_PRELOAD").containsEntry("HOME", "/home");
    }

    @Test
    void freeMemoryCanBeReleasedWhateverTheAllocator() {
        assertThatCode(Allocator::release).doesNotThrowAnyException();
    }
}
