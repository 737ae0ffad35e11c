package dev.gnserve.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelDetailTest {

    /** The types are those of {@code models/make_types.py} and of {@code golden/torchscript}. */
    @ParameterizedTest
    @CsvSource({
        "/models/half-traced.pt, AS_EXPORTED, float16",
        "/models/half-mixed-scripted.pt, CHANNELS_LAST, float16",
        "/models/bfloat16-traced.pt, AS_EXPORTED, bfloat16",
        "/models/double-traced.pt, AS_EXPORTED, float64",
        "/models/dropout-traced.pt, WINOGRAD, float32",
        "/models/dropout-traced.pt, BFLOAT16, bfloat16",
        "/models/dropout-traced.pt, INT8, int8",
        "/models/attention-scripted.pt, AS_EXPORTED, float32",
        "/golden/torchscript/chain-frozen.pt, AS_EXPORTED, float32",
        "/models/echo-scripted.pt, AS_EXPORTED, unknown"
    })
    void thePrecisionIsThatOfTheWeightsOrOfThePlan(String archive, ExecutionPlan plan, String precision)
            throws IOException {
        try (InputStream in = Objects.requireNonNull(ModelDetailTest.class.getResourceAsStream(archive));
                ArchiveSnapshot read = ArchiveSnapshot.read(in, archive)) {
            assertThat(ModelDetail.Execution.precision(plan, read)).isEqualTo(precision);
        }
    }

    @Test
    void thePrecisionOfAnArchiveThatOnlyTheEngineCanReadIsUnknown() throws IOException {
        try (ArchiveSnapshot read = ArchiveSnapshot.read(new ByteArrayInputStream(new byte[10]), "x")) {
            assertThat(ModelDetail.Execution.precision(ExecutionPlan.AS_EXPORTED, read))
                    .isEqualTo("unknown");
        }
    }
}
