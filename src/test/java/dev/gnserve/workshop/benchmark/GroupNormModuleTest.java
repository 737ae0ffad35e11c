package dev.gnserve.workshop.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.norm.GroupNormParameters;
import dev.gnserve.norm.GroupNormReference;
import dev.gnserve.norm.GroupNormShape;
import dev.gnserve.norm.MemoryFormat;
import org.junit.jupiter.api.Test;

class GroupNormModuleTest {

    @Test
    void theEngineLoadsTheArchiveAndRunsItsOwnGroupNorm() throws Exception {
        float[] input = {1, 3, 2, 8, -1, 4, 0, 2};
        float[] weight = {1, 2, 0.5f, -1};
        float[] bias = {0, 1, 2, 3};
        double[] expected = new GroupNormReference(
                        new GroupNormShape(1, 4, 2, 2, MemoryFormat.CONTIGUOUS),
                        new GroupNormParameters(1e-5, weight, bias))
                .normalize(input, 0);

        try (EngineGroupNorm engine = new EngineGroupNorm(new long[] {1, 4, 2, 1}, 2, input, weight, bias)) {
            engine.run();
            float[] result = engine.result();

            for (int i = 0; i < result.length; i++) {
                assertThat((double) result[i]).isCloseTo(expected[i], within(1e-5));
            }
        }
    }
}
