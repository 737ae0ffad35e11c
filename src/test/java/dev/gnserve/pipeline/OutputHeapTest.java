package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class OutputHeapTest {

    /** For outputs of 300 bytes. */
    private final UploadBudget budget = new UploadBudget(100, Duration.ZERO);

    @Test
    void outputsTakeAThirdOfTheirBytesBesideTheBodyUntilItsShareIsClosed() {
        try (Share body = budget.take(20);
                Share other = budget.take(0)) {
            OutputHeap heap = new OutputHeap(body);
            heap.add(60, 0);
            heap.add(60, 0);

            assertCode(FailureCode.OVERLOADED, () -> other.growBy(41), "(outputs of tensors count a third)");
            other.growBy(40);
        }
        budget.take(100).close();
    }

    @Test
    void theFirstOutputsTakeRoomForThoseThatFollow() {
        try (Share body = budget.take(0);
                Share other = budget.take(0)) {
            OutputHeap heap = new OutputHeap(body);
            heap.add(30, 210);

            assertCode(FailureCode.OVERLOADED, () -> other.growBy(21), "max-upload-size-in-flight");
            other.growBy(20);
            for (int i = 6; i >= 0; i--) {
                heap.add(30, 30L * i);
            }
            assertCode(FailureCode.OVERLOADED, () -> heap.add(3, 0), "max-upload-size-in-flight");
        }
        budget.take(100).close();
    }

    @Test
    void outputsThatNeverFitAreRefusedForGood() {
        try (Share body = budget.take(20)) {
            OutputHeap heap = new OutputHeap(body);
            heap.add(100, 100_000); // It may turn out to be less.
            heap.add(200, 0);

            assertCode(
                    FailureCode.UPLOAD_TOO_LARGE,
                    () -> heap.add(1, 0),
                    "more than 300 bytes",
                    "gnserve.limits.max-upload-size-in-flight",
                    "fewer or smaller items");
        }
        budget.take(100).close();
    }

    private static void assertCode(FailureCode code, ThrowingCallable work, String... words) {
        assertThatThrownBy(work).isInstanceOfSatisfying(FailureException.class, e -> {
            assertThat(e.failure().code()).isEqualTo(code);
            assertThat(e.failure().detail()).contains(words);
        });
    }
}
