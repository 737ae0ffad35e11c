package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class UploadBudgetTest {

    private final UploadBudget budget = new UploadBudget(100, Duration.ZERO);

    @Test
    void whatIsReadTakesRoomUntilTheRequestEnds() {
        try (UploadBudget.Room first = budget.open()) {
            first.take(20);
            first.take(30);

            try (UploadBudget.Room second = budget.open()) {
                assertThatThrownBy(() -> second.take(51)).isInstanceOfSatisfying(FailureException.class, e -> {
                    assertThat(e.failure().code()).isEqualTo(FailureCode.OVERLOADED);
                    assertThat(e.failure().retryAfter()).isPositive();
                    assertThat(e.failure().detail()).contains("50", "51", "100", "max-upload-size-in-flight");
                });
                second.take(50);
            }
        }

        try (UploadBudget.Room all = budget.open()) {
            all.take(100);
        }
    }

    @Test
    void theEndOfABodyTakesNoRoom() {
        try (UploadBudget.Room all = budget.open();
                UploadBudget.Room nothing = budget.open()) {
            all.take(100);

            nothing.take(0);
        }
    }

    /** Otherwise its client would be told to come back, again and again. */
    @Test
    void aBodyThatIsLargerThanTheBudgetGetsTheWholeBudget() {
        try (UploadBudget.Room all = budget.open()) {
            all.take(60);
            all.take(60);
            all.take(60);

            try (UploadBudget.Room other = budget.open()) {
                assertThatThrownBy(() -> other.take(1)).isInstanceOf(FailureException.class);
            }
        }
        try (UploadBudget.Room next = budget.open()) {
            next.take(100);
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
}
