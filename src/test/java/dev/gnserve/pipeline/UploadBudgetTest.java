package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.util.unit.DataSize;

class UploadBudgetTest {

    private final UploadBudget budget = new UploadBudget(100, Duration.ZERO);

    @Test
    void bytesThatAreReadCountUntilTheShareIsClosed() {
        try (Share first = budget.take(0)) {
            first.growBy(20);
            first.growBy(30);

            try (Share second = budget.take(0)) {
                assertThatThrownBy(() -> second.growBy(51)).isInstanceOfSatisfying(FailureException.class, e -> {
                    assertThat(e.failure().code()).isEqualTo(FailureCode.OVERLOADED);
                    assertThat(e.failure().retryAfter()).isPositive();
                    assertThat(e.failure().detail()).contains("50", "51", "100", "max-upload-size-in-flight");
                });
                second.growBy(50);
            }
        }

        try (Share all = budget.take(0)) {
            all.growBy(100);
        }
    }

    @Test
    void theEndOfABodyNeedsNothing() {
        try (Share all = budget.take(0);
                Share nothing = budget.take(0)) {
            all.growBy(100);

            nothing.growBy(0);
        }
    }

    /** Otherwise its client would send it again and again. */
    @Test
    void aBodyThatIsLargerThanTheBudgetGetsTheWholeBudget() {
        try (Share all = budget.take(0)) {
            all.growBy(60);
            all.growBy(60);
            all.growBy(60);

            try (Share other = budget.take(0)) {
                assertThatThrownBy(() -> other.growBy(1)).isInstanceOf(FailureException.class);
            }
        }
        try (Share next = budget.take(0)) {
            next.growBy(100);
        }
    }

    /** A fair semaphore would queue it. */
    @Test
    @Timeout(20)
    void aRequestWithoutABodyDoesNotWaitBehindOthers() {
        UploadBudget patient = new UploadBudget(100, Duration.ofSeconds(30));
        Share first = patient.take(60);
        CompletableFuture<Share> waiting = CompletableFuture.supplyAsync(() -> patient.take(80));
        for (Share early = patient.takeAtOnce(40); early != null; early = patient.takeAtOnce(40)) {
            early.close(); // Until the other request waits.
        }

        patient.take(0).close();

        assertThat(waiting).isNotDone();
        first.close();
        waiting.join().close();
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
