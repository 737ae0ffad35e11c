package dev.gnserve.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class UploadBudgetTest {

    private final UploadBudget budget = new UploadBudget(100, Duration.ZERO);

    @Test
    void whatIsReadTakesRoomUntilTheRequestEnds() throws IOException {
        try (UploadBudget.Room first = budget.open()) {
            assertThat(first.counted(bytes(60)).readNBytes(50)).hasSize(50);

            try (UploadBudget.Room second = budget.open();
                    InputStream tooMuch = second.counted(bytes(51))) {
                assertThatThrownBy(tooMuch::readAllBytes).isInstanceOfSatisfying(FailureException.class, e -> {
                    assertThat(e.failure().code()).isEqualTo(FailureCode.OVERLOADED);
                    assertThat(e.failure().retryAfter()).isPositive();
                    assertThat(e.failure().detail()).contains("50", "51", "100", "max-upload-size-in-flight");
                });
            }
            try (UploadBudget.Room third = budget.open()) {
                InputStream body = third.counted(bytes(50));
                assertThat(body.read()).isZero();
                assertThat(body.readAllBytes()).hasSize(49);
            }
        }

        try (UploadBudget.Room all = budget.open()) {
            assertThat(all.counted(bytes(100)).readAllBytes()).hasSize(100);
        }
    }

    @Test
    void theEndOfABodyTakesNoRoom() throws IOException {
        try (UploadBudget.Room all = budget.open();
                UploadBudget.Room nothing = budget.open()) {
            all.counted(bytes(100)).readAllBytes();

            assertThat(nothing.counted(bytes(0)).readAllBytes()).isEmpty();
            assertThat(nothing.counted(bytes(0)).read()).isNegative();
        }
    }

    @Test
    void theBudgetIsNeverBelowOneBody() {
        assertThat(limits(null).uploadBytesInFlight(10)).isEqualTo(1_000);
        assertThat(limits(null).uploadBytesInFlight(5_000)).isEqualTo(5_000);
        assertThat(limits(DataSize.ofBytes(2_000)).uploadBytesInFlight(5_000)).isEqualTo(2_000);
        assertThatThrownBy(() -> limits(DataSize.ofBytes(999)))
                .hasMessageContaining("max-upload-size-in-flight is 999B");
    }

    private static UploadLimits limits(@Nullable DataSize inFlight) {
        return new UploadLimits(DataSize.ofBytes(1_000), inFlight, Duration.ofMinutes(1), 1, 1_000, null);
    }

    private static InputStream bytes(int count) {
        return new ByteArrayInputStream(new byte[count]);
    }
}
