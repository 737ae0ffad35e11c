package dev.gnserve.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.FailureException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class PassMemoryTest {

    private static final long MB = 1 << 20;

    private final PassMemory memory = new PassMemory(100 * MB);

    @Test
    void passesThatFitTogetherRunTogether() {
        long one = memory.take(60 * MB);
        long other = memory.take(40 * MB);

        assertThat(memory.taken()).isEqualTo(100 * MB);
        memory.giveBack(one);
        memory.giveBack(other);
        assertThat(memory.taken()).isZero();
    }

    @Test
    void aPassThatDoesNotFitWaitsAndTheNextOneDoesNotOvertakeIt() throws Exception {
        List<String> order = new CopyOnWriteArrayList<>();
        long first = memory.take(60 * MB);
        CompletableFuture<Long> large = waiting(70 * MB, "large", order);
        CompletableFuture<Long> small = waiting(10 * MB, "small", order);

        assertThat(order).isEmpty();
        memory.giveBack(first);
        large.join();
        small.join();
        assertThat(order).containsExactlyInAnyOrder("large", "small");
        assertThat(memory.taken()).isEqualTo(80 * MB);
    }

    @Test
    void aPassWaitsWhileTheProcessHasNoRoomForItUnlessItIsAlone() {
        PassMemory tight = new PassMemory(100 * MB, more -> more <= 10 * MB, Duration.ofMillis(10));
        long alone = tight.take(50 * MB);

        assertThatThrownBy(() -> tight.take(11 * MB)).isInstanceOf(FailureException.class);
        long small = tight.take(10 * MB);

        tight.giveBack(alone);
        tight.giveBack(small);
        assertThat(tight.taken()).isZero();
    }

    @Test
    void aPassThatTakesAllForLongLeavesHalfToOthers() {
        long all = memory.takeAll();
        assertThat(all).isEqualTo(100 * MB);

        long other = memory.take(50 * MB); // After the five seconds that the first one has all for itself.

        assertThat(other).isEqualTo(50 * MB);
        memory.giveBack(all);
        memory.giveBack(other);
        assertThat(memory.taken()).isZero();
        assertThat(memory.takeAll()).isEqualTo(100 * MB);
    }

    @Test
    void whatModelsHoldIsTakenOff() {
        memory.modelHolds(30 * MB);
        assertThat(memory.total()).isEqualTo(70 * MB);
        memory.modelHolds(-30 * MB);
        assertThat(memory.total()).isEqualTo(100 * MB);
    }

    @Test
    void aPassThatWaitsTooLongFailsWithTheNumbersAndLeavesTheLine() {
        PassMemory impatient = new PassMemory(100 * MB, more -> true, Duration.ofMillis(10));
        long first = impatient.take(60 * MB);

        assertThatThrownBy(() -> impatient.take(70 * MB))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("a pass needs 70 MB of native memory, but others have held 60 of 100 MB")
                .satisfies(thrown -> assertThat(
                                ((FailureException) thrown).failure().retryAfter())
                        .as("clients are told when to try again")
                        .isEqualTo(Duration.ofSeconds(1)));
        assertThat(impatient.take(40 * MB)).isEqualTo(40 * MB);
        impatient.giveBack(first);
    }

    @Test
    void passesHaveLessWhileAPartIsLentAndDoNotWaitForIt() throws Exception {
        memory.lend(50 * MB);

        assertThat(memory.total()).as("what a pass may need").isEqualTo(100 * MB);
        assertThat(memory.take(Long.MAX_VALUE)).as("all that is left").isEqualTo(50 * MB);
        assertThat(memory.isOverdrawn()).isFalse();
        CompletableFuture<Long> next = waiting(10 * MB, "next", new CopyOnWriteArrayList<>());
        memory.takeBack(50 * MB);
        assertThat(next.join()).isEqualTo(10 * MB);
    }

    @Test
    void aPassThatNeedsWhatIsLentRunsAndTheBorrowerSeesIt() {
        memory.lend(50 * MB);

        long part = memory.take(60 * MB);

        assertThat(part).isEqualTo(60 * MB);
        assertThat(memory.isOverdrawn()).isTrue();
        memory.giveBack(part);
        assertThat(memory.isOverdrawn()).isFalse();
    }

    @Test
    void whatIsLentWhilePassesRunIsOverdrawnUntilTheyEnd() {
        long part = memory.take(60 * MB);

        memory.lend(50 * MB);

        assertThat(memory.isOverdrawn()).isTrue();
        memory.giveBack(part);
        assertThat(memory.isOverdrawn()).isFalse();
        memory.takeBack(50 * MB);
        assertThat(memory.isOverdrawn()).as("nothing is lent").isFalse();
    }

    /** Starts a thread that takes memory, and returns when it waits. */
    private CompletableFuture<Long> waiting(long bytes, String name, List<String> order) throws InterruptedException {
        CompletableFuture<Long> taken = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            long part = memory.take(bytes);
            order.add(name);
            taken.complete(part);
        });
        thread.start();
        while (thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.sleep(1);
        }
        return taken;
    }
}
