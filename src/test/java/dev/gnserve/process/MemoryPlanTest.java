package dev.gnserve.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryPlanTest {

    private static final long MB = 1 << 20;

    @ParameterizedTest
    @ValueSource(longs = {512, 1024, 1536, 2048, 3072, 4096, 16384})
    void thePartsAreNotMoreThanTheWhole(long megabytes) {
        MemoryPlan plan = new MemoryPlan(megabytes * MB, megabytes * MB * 45 / 100);

        assertThat(plan.heap() + plan.runtime() + plan.passes())
                .isLessThanOrEqualTo(Math.max(plan.limit(), plan.heap() + plan.runtime()));
        assertThat(plan.images() + plan.uploads()).isLessThanOrEqualTo(plan.heap());
    }

    @Test
    void theTableNamesEveryPart() {
        assertThat(new MemoryPlan(4096 * MB, 1843 * MB).table()).isEqualTo("""
                        Memory plan for a limit of 4,096 MB:
                          Java heap               1,843 MB, of it 1,314 MB for images and 368 MB for uploads
                          JVM and engine            457 MB
                          allocator                 224 MB
                          models and passes       1,570 MB""");
    }

    @Test
    void thisProcessHasOne() {
        MemoryPlan plan = MemoryPlan.ofThisProcess();

        assertThat(plan.limit()).isGreaterThan(plan.heap());
        assertThat(plan.heap()).isPositive();
    }
}
