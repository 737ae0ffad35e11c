package dev.gnserve.batching;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The queue compared with a plain list, and at a size at which a loop over all items would be too slow. */
class BatchQueueTest {

    private static final int LARGE = 300_000;
    private static final int REFUSALS = 300_000;

    private long nowNanos = Long.MAX_VALUE - 1_000;

    @ParameterizedTest
    @ValueSource(ints = {1, 3, LARGE})
    @Timeout(60) // A visit of each waiting item for each refusal takes minutes.
    void refusingDoesNotVisitTheWaitingItems(int shapes) {
        Batcher<Integer, Integer> batcher = Batcher.<Integer, Integer>of("m", "1")
                .policy(new BatchPolicy(8, Duration.ofSeconds(10), LARGE))
                .shape(item -> item % shapes)
                .ticker(() -> nowNanos)
                .stepped();
        Deadline deadline = Deadline.in(Duration.ofSeconds(30), () -> nowNanos);
        for (int i = 0; i < LARGE; i++) {
            assertThat(batcher.submit(i, deadline).isDone()).isFalse();
        }

        for (int i = 0; i < REFUSALS; i++) {
            assertThat(batcher.refusal(deadline)).isNotNull();
            assertThat(batcher.submit(i, deadline).isDone()).isTrue();
        }

        assertThat(batcher.depth()).isEqualTo(LARGE);
    }

    @Test
    @Timeout(60) // A visit of each waiting item for each refusal takes minutes.
    void displacingAndCountingDoNotVisitTheWaitingItems() {
        BatchQueue<Integer, Integer> queue = queue(new BatchPolicy(8, Duration.ofSeconds(10), LARGE));
        for (int i = 0; i < LARGE; i++) {
            queue.offer(pending(queue, i, 0, Deadline.none(), new Priority(9)), new ArrayList<>());
        }
        List<PendingItem<Integer, Integer>> displaced = new ArrayList<>();

        for (int i = 0; i < REFUSALS; i++) {
            queue.offer(pending(queue, i, 0, Deadline.none(), new Priority(1)), displaced);
            assertThat(queue.countBefore(nowNanos, new Priority(1))).isEqualTo(i + 1);
        }

        assertThat(displaced).hasSize(REFUSALS);
        assertThat(displaced.get(0).item).as("the last of the least urgent").isEqualTo(LARGE - 1);
        assertThat(queue.size()).isEqualTo(LARGE);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void theQueueDoesWhatAPlainListDoes(long seed) {
        Random random = new Random(seed);
        BatchPolicy policy = new BatchPolicy(3, Duration.ofMillis(random.nextInt(3) * 20L), 12);
        long leadPerItem = Duration.ofMillis(2).toNanos();
        BatchQueue<Integer, Integer> queue =
                new BatchQueue<>(policy, () -> nowNanos, refusals(), size -> leadPerItem, BatchQueueTest::maxSize);
        List<@Nullable Turns> requests = Arrays.asList(null, new Turns(), new Turns(), new Turns());
        ListModel model = new ListModel(policy, leadPerItem);

        for (int i = 0; i < 5_000; i++) {
            nowNanos += random.nextInt(3_000_000);
            switch (random.nextInt(8)) {
                case 0, 1, 2, 3 -> {
                    Deadline deadline = random.nextBoolean()
                            ? Deadline.none()
                            : Deadline.in(Duration.ofMillis(random.nextInt(60)), () -> nowNanos);
                    int shape = random.nextInt(4);
                    PendingItem<Integer, Integer> next = new PendingItem<>(
                            4 * i + shape,
                            shape,
                            deadline,
                            new Priority(1 + random.nextInt(9)),
                            nowNanos,
                            null,
                            requests.get(random.nextInt(requests.size())),
                            queue::remove);
                    List<PendingItem<Integer, Integer>> displaced = new ArrayList<>();
                    List<PendingItem<Integer, Integer>> expected = new ArrayList<>();
                    boolean refused = queue.offer(next, displaced) != null;
                    assertThat(refused).isEqualTo(model.refuses(next, nowNanos, expected));
                    assertThat(displaced).isEqualTo(expected);
                }
                case 4 -> {
                    if (!model.waiting.isEmpty()) {
                        PendingItem<Integer, Integer> gone = model.waiting.get(random.nextInt(model.waiting.size()));
                        gone.future.cancel(true);
                        model.waiting.remove(gone);
                        model.joinLine(nowNanos);
                    }
                }
                case 5 -> {
                    Priority priority = new Priority(1 + random.nextInt(9));
                    long arrived = nowNanos - random.nextInt(40_000_000);
                    assertThat(queue.countBefore(arrived, priority))
                            .isEqualTo(model.countBefore(arrived, priority, nowNanos));
                }
                default -> assertThat(queue.poll()).isEqualTo(model.poll(nowNanos));
            }
            model.expire(nowNanos);
            assertThat(queue.refusal(Priority.DEFAULT) == null)
                    .isEqualTo(model.waiting.size() < policy.queueCapacity()
                            || model.last().priority.level() > Priority.DEFAULT.level());
            assertThat(queue.size()).isEqualTo(model.waiting.size());
        }
        List<PendingItem<Integer, Integer>> rest = queue.drain();
        assertThat(rest).containsExactlyInAnyOrderElementsOf(model.waiting);
        assertThat(queue.size()).isZero();
    }

    /** The same rules on one list in the order of arrival. */
    private static final class ListModel {

        private final BatchPolicy policy;
        private final long leadNanos;
        private final List<PendingItem<Integer, Integer>> waiting = new ArrayList<>();

        /** When the items that stand in line joined it: of each request the first. */
        private final Map<PendingItem<Integer, Integer>, Long> joined = new HashMap<>();

        private ListModel(BatchPolicy policy, long leadNanos) {
            this.policy = policy;
            this.leadNanos = leadNanos;
        }

        private void expire(long now) {
            waiting.removeIf(pending -> pending.deadline.passed(now));
            joinLine(now);
        }

        private void joinLine(long now) {
            Set<Turns> seen = new HashSet<>();
            for (PendingItem<Integer, Integer> pending : waiting) {
                if (pending.turns == null || seen.add(pending.turns)) {
                    joined.putIfAbsent(pending, now);
                }
            }
        }

        private long turn(PendingItem<Integer, Integer> pending) {
            return joined.getOrDefault(pending, pending.arrivedNanos + Turns.BEHIND);
        }

        private long rank(PendingItem<Integer, Integer> pending) {
            return PendingItem.rank(turn(pending), pending.priority);
        }

        private List<PendingItem<Integer, Integer>> inOrder() {
            return waiting.stream()
                    .sorted((one, other) -> {
                        long difference = rank(one) - rank(other);
                        return difference != 0 ? Long.signum(difference) : Long.compare(one.ticket, other.ticket);
                    })
                    .toList();
        }

        private PendingItem<Integer, Integer> last() {
            int level = waiting.stream()
                    .mapToInt(pending -> pending.priority.level())
                    .max()
                    .orElseThrow();
            return inOrder().stream()
                    .filter(pending -> pending.priority.level() == level)
                    .reduce((one, other) -> other)
                    .orElseThrow();
        }

        private boolean refuses(
                PendingItem<Integer, Integer> next, long now, List<PendingItem<Integer, Integer>> displaced) {
            expire(now);
            if (waiting.size() >= policy.queueCapacity()) {
                PendingItem<Integer, Integer> last = last();
                if (next.priority.level() >= last.priority.level()) {
                    return true;
                }
                waiting.remove(last);
                joinLine(now);
                displaced.add(last);
            }
            waiting.add(next);
            joinLine(now);
            return false;
        }

        private int countBefore(long arrived, Priority priority, long now) {
            expire(now);
            return (int) waiting.stream()
                    .filter(pending -> rank(pending) - PendingItem.rank(arrived, priority) <= 0)
                    .count();
        }

        private List<PendingItem<Integer, Integer>> poll(long now) {
            expire(now);
            for (PendingItem<Integer, Integer> first : inOrder()) {
                List<PendingItem<Integer, Integer>> queue = ofShape(first.shape);
                if (isReady(queue, now)) {
                    int size = Math.min(queue.size(), maxSizeOf(queue));
                    List<PendingItem<Integer, Integer>> batch = new ArrayList<>();
                    while (batch.size() < size) {
                        PendingItem<Integer, Integer> next =
                                ofShape(first.shape).get(0);
                        waiting.remove(next);
                        joinLine(now);
                        batch.add(next);
                    }
                    return batch;
                }
            }
            return List.of();
        }

        private List<PendingItem<Integer, Integer>> ofShape(Object shape) {
            return inOrder().stream()
                    .filter(pending -> pending.shape.equals(shape))
                    .toList();
        }

        private int maxSizeOf(List<PendingItem<Integer, Integer>> queue) {
            return Math.min(policy.maxSize(), maxSize(queue.get(0).item));
        }

        private boolean isReady(List<PendingItem<Integer, Integer>> queue, long now) {
            return queue.size() >= maxSizeOf(queue)
                    || queue.stream()
                            .anyMatch(pending -> now - pending.arrivedNanos
                                            >= policy.maxDelay().toNanos()
                                    || pending.deadline.passed(now + leadNanos));
        }
    }

    /** As free memory changes. The queue is never empty meanwhile. */
    @Test
    void theLimitOfAShapeIsAskedForEachBatch() {
        int[] limit = {2};
        BatchQueue<Integer, Integer> queue = new BatchQueue<>(
                new BatchPolicy(8, Duration.ZERO, 100), () -> nowNanos, refusals(), size -> 0, item -> limit[0]);
        for (int i = 0; i < 12; i++) {
            queue.offer(pending(queue, i, 0, Deadline.none(), new Priority(5)), new ArrayList<>());
        }

        assertThat(queue.poll()).hasSize(2);
        limit[0] = 5;
        assertThat(queue.poll()).hasSize(5);
        limit[0] = 1;
        assertThat(queue.poll()).hasSize(1);
        limit[0] = 9;
        assertThat(queue.poll()).hasSize(4);
        assertThat(queue.size()).isZero();
    }

    private BatchQueue<Integer, Integer> queue(BatchPolicy policy) {
        return new BatchQueue<>(policy, () -> nowNanos, refusals(), size -> 0, item -> 1024);
    }

    /** Of four shapes, items of the first run alone. */
    private static int maxSize(int item) {
        return item % 4 == 0 ? 1 : 1024;
    }

    private static Refusals refusals() {
        return new Refusals("m", LARGE, new ServiceRate(1));
    }

    private PendingItem<Integer, Integer> pending(
            BatchQueue<Integer, Integer> queue, int item, int shape, Deadline deadline, Priority priority) {
        return new PendingItem<>(item, shape, deadline, priority, nowNanos, null, null, queue::remove);
    }
}
