package dev.gnserve.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

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
    void freeMemoryCanBeReleasedWhateverTheAllocator() {
        assertThatCode(Allocator::release).doesNotThrowAnyException();
    }
}
