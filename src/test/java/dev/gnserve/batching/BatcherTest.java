package dev.gnserve.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.batching.Outcome.Failed;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The batcher's promises, with a clock that the test sets and without threads: {@code runReady} is one step of a worker. */
class BatcherTest {

    private static final Duration MILLI = Duration.ofMillis(1);
    private static final StageTimes STAGES = new StageTimes(Duration.ofNanos(1), MILLI, Duration.ofNanos(3));

    private static final Failure HUNG = Failure.of(FailureCode.ENGINE_FAULT, "has not returned for 30 s");
    private static final Failure UNAVAILABLE = Failure.of(FailureCode.MODEL_UNAVAILABLE, "has not returned for 30 s");

    /** Near the wrap-around of the counter: {@code System.nanoTime} may start anywhere. */
    private long nowNanos = Long.MAX_VALUE - 1_000;

    private final List<List<String>> ran = new ArrayList<>();
    private final List<BatchCompleted> events = new ArrayList<>();

    /** Upper-cases its items in 2 ms per batch; fails if one of them is "poison". */
    private final BatchRunner<String, String> runner = items -> {
        ran.add(items);
        pass(MILLI.multipliedBy(2));
        if (items.contains("poison")) {
            throw new IllegalStateException("poisoned");
        }
        return new BatchResult<>(items.stream().map(String::toUpperCase).toList(), STAGES);
    };

    @Test
    void anItemRunsAtOnceWhenNothingHoldsItBack() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));

        CompletableFuture<Outcome<String>> answer = batcher.submit("a", Deadline.none());

        assertThat(batcher.depth()).isEqualTo(1);
        assertThat(batcher.runReady(runner)).isTrue();
        assertThat(answer.join().orElseThrow()).isEqualTo("A");
        assertThat(batcher.depth()).isZero();
        assertThat(batcher.runReady(runner)).isFalse();
    }

    @Test
    void whatQueuedUpRunsTogetherUpToTheMaximumSize() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(3, Duration.ZERO, 8));
        submit(batcher, "a", "b", "c", "d");

        runAll(batcher);

        assertThat(ran).containsExactly(List.of("a", "b", "c"), List.of("d"));
    }

    @Test
    void aBatchWaitsForMoreItemsUntilItsOldestIsDue() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(3, MILLI.multipliedBy(5), 8));
        submit(batcher, "a");
        pass(MILLI.multipliedBy(4));
        submit(batcher, "b");
        assertThat(batcher.runReady(runner)).isFalse();

        pass(MILLI);

        assertThat(batcher.runReady(runner))
                .as("5 ms after a, only 1 ms after b")
                .isTrue();
        assertThat(ran).containsExactly(List.of("a", "b"));
    }

    @Test
    void aFullBatchWaitsForNothing() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(3, MILLI.multipliedBy(5), 8));
        submit(batcher, "a", "b", "c");

        assertThat(batcher.runReady(runner)).isTrue();
    }

    @Test
    void refusalSaysBeforehandWhatASubmittedItemWouldGet() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 3));
        Deadline soon = Deadline.in(MILLI.multipliedBy(3), () -> nowNanos);
        submit(batcher, "measured");
        runAll(batcher);
        assertThat(batcher.refusal(Deadline.none())).isNull();
        assertThat(batcher.refusal(soon)).isNull();

        submit(batcher, "a", "b");
        assertThat(batcher.refusal(Deadline.none())).isNull();
        // Two batches of 2 ms.
        assertThat(batcher.refusal(soon))
                .isNotNull()
                .extracting(Failure::code)
                .isEqualTo(FailureCode.DEADLINE_EXCEEDED);
        assertThat(failure(batcher.submit("late", soon)).code()).isEqualTo(FailureCode.DEADLINE_EXCEEDED);

        submit(batcher, "c");
        assertThat(batcher.refusal(Deadline.none()))
                .isNotNull()
                .extracting(Failure::code)
                .isEqualTo(FailureCode.OVERLOADED);
        assertThat(batcher.depth()).as("asking takes no place").isEqualTo(3);
        runAll(batcher);
        assertThat(batcher.refusal(Deadline.none())).isNull();
    }

    @Test
    void onlyItemsOfEqualShapeShareABatchAndAChangeOfShapeClosesNone() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 16));
        submit(batcher, "a", "xx", "b", "yy", "c", "zz");

        runAll(batcher);

        assertThat(ran).containsExactly(List.of("a", "b", "c"), List.of("xx", "yy", "zz"));
    }

    @Test
    void aRareShapeIsServedInItsTurnHoweverPopularAnotherIs() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(2, Duration.ZERO, 64));
        submit(batcher, "a", "b", "c", "rare");
        for (int i = 0; i < 10; i++) {
            submit(batcher, "p", "q");
            batcher.runReady(runner);
        }

        assertThat(ran.subList(0, 3)).containsExactly(List.of("a", "b"), List.of("c", "p"), List.of("rare"));
    }

    @Test
    void aRareShapeThatWaitsForMoreItemsIsServedWhenItIsDue() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(2, MILLI.multipliedBy(5), 64));
        submit(batcher, "rare");
        for (int i = 0; i < 10; i++) {
            submit(batcher, "p", "q");
            batcher.runReady(runner);
        }

        assertThat(ran.indexOf(List.of("rare"))).as("every batch takes 2 ms").isEqualTo(3);
    }

    @Test
    void fullQueueRejectsImmediatelyAndSaysWhenToComeBack() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(2, Duration.ZERO, 4));
        submit(batcher, "m", "n");
        runAll(batcher);
        submit(batcher, "a", "b", "c", "d");

        Failure refusal = failure(batcher.submit("e", Deadline.none()));

        assertThat(refusal.code()).isEqualTo(FailureCode.OVERLOADED);
        assertThat(refusal.detail()).contains("all 4 places in the queue of model m");
        assertThat(refusal.retryAfter()).as("4 items at 1 ms each").isEqualTo(MILLI.multipliedBy(4));
        runAll(batcher);
        assertThat(batcher.submit("e", Deadline.none())).isNotDone();
    }

    @Test
    void anExpiredItemDoesNotRun() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        CompletableFuture<Outcome<String>> late = batcher.submit("late", deadline(MILLI.multipliedBy(3)));
        CompletableFuture<Outcome<String>> good = batcher.submit("good", deadline(MILLI.multipliedBy(9)));
        pass(MILLI.multipliedBy(3));

        runAll(batcher);

        assertThat(failure(late).code()).isEqualTo(FailureCode.DEADLINE_EXCEEDED);
        assertThat(failure(late).detail()).contains("3 ms").contains("in the queue");
        assertThat(good.join().orElseThrow()).isEqualTo("GOOD");
        assertThat(ran).containsExactly(List.of("good"));
    }

    @Test
    void anItemThatIsLateOnArrivalIsNotQueued() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        Deadline deadline = deadline(MILLI);
        pass(MILLI);

        assertThat(failure(batcher.submit("a", deadline)).code()).isEqualTo(FailureCode.DEADLINE_EXCEEDED);
        assertThat(batcher.depth()).isZero();
    }

    @Test
    void aDeadlineThatPassesInTheEngineIsReported() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        CompletableFuture<Outcome<String>> answer = batcher.submit("a", deadline(MILLI));

        runAll(batcher);

        assertThat(failure(answer).code()).isEqualTo(FailureCode.DEADLINE_EXCEEDED);
        assertThat(failure(answer).detail()).contains("in the engine");
    }

    @Test
    void anExpiredItemMakesRoomInAFullQueue() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 2));
        CompletableFuture<Outcome<String>> late = batcher.submit("late", deadline(MILLI));
        submit(batcher, "a");
        pass(MILLI);

        CompletableFuture<Outcome<String>> accepted = batcher.submit("b", Deadline.none());

        assertThat(failure(late).code()).isEqualTo(FailureCode.DEADLINE_EXCEEDED);
        assertThat(accepted).isNotDone();
    }

    @Test
    void aCancelledItemGivesItsPlaceBackAndDoesNotRun() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        CompletableFuture<Outcome<String>> gone = batcher.submit("gone", Deadline.none());
        submit(batcher, "a");

        gone.cancel(true);

        assertThat(batcher.depth()).isEqualTo(1);
        runAll(batcher);
        assertThat(ran).containsExactly(List.of("a"));
    }

    @Test
    void onlyTheItemThatCausesAFailureFails() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        CompletableFuture<Outcome<String>> first = batcher.submit("before", Deadline.none());
        CompletableFuture<Outcome<String>> poison = batcher.submit("poison", Deadline.none());
        CompletableFuture<Outcome<String>> last = batcher.submit("behind", Deadline.none());

        runAll(batcher);

        assertThat(first.join().orElseThrow()).isEqualTo("BEFORE");
        assertThat(last.join().orElseThrow()).isEqualTo("BEHIND");
        assertThat(failure(poison).code()).isEqualTo(FailureCode.ENGINE_FAULT);
        assertThat(failure(poison).cause()).hasMessage("poisoned");
        assertThat(ran)
                .containsExactly(
                        List.of("before", "poison", "behind"), List.of("before"), List.of("poison"), List.of("behind"));
        assertThat(events).extracting(BatchCompleted::size).containsExactly(3, 1, 1, 1);
        assertThat(events)
                .extracting(BatchCompleted::failure)
                .containsExactly(FailureCode.ENGINE_FAULT, null, FailureCode.ENGINE_FAULT, null);
        assertThat(events).extracting(BatchCompleted::again).containsExactly(false, true, true, true);
    }

    @Test
    void anItemThatExpiresDuringTheRetriesDoesNotRunAgain() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        submit(batcher, "poison");
        CompletableFuture<Outcome<String>> hasty = batcher.submit("hurry!", deadline(MILLI.multipliedBy(3)));

        runAll(batcher);

        assertThat(failure(hasty).code()).isEqualTo(FailureCode.DEADLINE_EXCEEDED);
        assertThat(ran).containsExactly(List.of("poison", "hurry!"), List.of("poison"));
    }

    @Test
    void aFailureThatTheRunnerNamesIsKept() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        CompletableFuture<Outcome<String>> answer = batcher.submit("a", Deadline.none());

        batcher.runReady(items -> {
            throw new FailureException(Failure.of(FailureCode.INVALID_REQUEST, "4 channels"));
        });

        assertThat(failure(answer)).isEqualTo(Failure.of(FailureCode.INVALID_REQUEST, "4 channels"));
        assertThatThrownBy(() -> answer.join().orElseThrow()).isInstanceOf(FailureException.class);
    }

    /** A pass waits for its memory up to a minute; each item alone would wait again. */
    @Test
    void aBatchThatFoundNoRoomDoesNotRunAgainItemByItem() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        List<CompletableFuture<Outcome<String>>> answers = submit(batcher, "a", "b", "c", "d");
        Failure full = Failure.of(FailureCode.OVERLOADED, "others have held the memory for 60 s");

        batcher.runReady(items -> {
            ran.add(items);
            throw full.asException();
        });

        assertThat(answers).allSatisfy(answer -> assertThat(failure(answer)).isEqualTo(full));
        assertThat(ran).containsExactly(List.of("a", "b", "c", "d"));
    }

    @Test
    void errorsOfTheMachineFailTheItemNotTheWorker() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        CompletableFuture<Outcome<String>> answer = batcher.submit("a", Deadline.none());

        batcher.runReady(items -> {
            throw new OutOfMemoryError("planted");
        });

        assertThat(failure(answer).code()).isEqualTo(FailureCode.ENGINE_FAULT);
    }

    @Test
    void aResultTooFewFailsTheWholeBatchLoudly() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        List<CompletableFuture<Outcome<String>>> answers = submit(batcher, "a", "b", "c");

        batcher.runReady(items -> new BatchResult<>(List.of("A", "B"), STAGES));

        assertThat(answers).allSatisfy(answer -> {
            assertThat(failure(answer).code()).isEqualTo(FailureCode.ENGINE_FAULT);
            assertThat(failure(answer).detail()).contains("2 results for 3 inputs");
        });
        assertThat(events).extracting(BatchCompleted::failure).containsExactly(FailureCode.ENGINE_FAULT);
    }

    @Test
    void everyBatchIsAnnouncedWithItsTimesBeforeItsAnswers() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        CompletableFuture<Outcome<String>> first = batcher.submit("a", Deadline.none());
        pass(MILLI.multipliedBy(7));
        CompletableFuture<Outcome<String>> second = batcher.submit("b", Deadline.none());
        List<Integer> eventsAtAnswer = new ArrayList<>();
        CompletableFuture<Void> seen = first.thenAccept(outcome -> eventsAtAnswer.add(events.size()));

        runAll(batcher);
        assertThat(seen).isDone();

        assertThat(events)
                .containsExactly(new BatchCompleted(
                        "m",
                        "1",
                        List.of(new BatchedItem(MILLI.multipliedBy(7), null), new BatchedItem(Duration.ZERO, null)),
                        false,
                        STAGES,
                        null));
        assertThat(eventsAtAnswer).containsExactly(1);
        assertThat(second.join().success().timing()).isEqualTo(new BatchTiming(Duration.ZERO, STAGES, 2));
    }

    @Test
    void aFailingListenerDoesNoHarm() {
        Batcher<String, String> batcher = builder(new BatchPolicy(4, Duration.ZERO, 8))
                .listener(event -> {
                    throw new IllegalStateException("planted");
                })
                .stepped();
        CompletableFuture<Outcome<String>> answer = batcher.submit("a", Deadline.none());

        runAll(batcher);

        assertThat(answer.join().orElseThrow()).isEqualTo("A");
    }

    @Test
    void closingCompletesEveryFutureAndRefusesNewItems() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, MILLI, 8));
        List<CompletableFuture<Outcome<String>>> answers = submit(batcher, "a", "bb", "c");

        assertThat(batcher.close(Duration.ZERO)).as("finished what it accepted").isFalse();

        assertThat(answers)
                .allSatisfy(answer -> assertThat(failure(answer).code()).isEqualTo(FailureCode.SHUTTING_DOWN));
        assertThat(failure(batcher.submit("d", Deadline.none())).code()).isEqualTo(FailureCode.SHUTTING_DOWN);
    }

    @Test
    void aDeadlineThatTheQueueMakesImpossibleIsRefusedAtOnce() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 8));
        submit(batcher, "measure");
        runAll(batcher);
        submit(batcher, "a", "b", "c");

        CompletableFuture<Outcome<String>> impossible = batcher.submit("x", deadline(MILLI.multipliedBy(5)));
        CompletableFuture<Outcome<String>> possible = batcher.submit("y", deadline(MILLI.multipliedBy(9)));

        assertThat(failure(impossible).code()).isEqualTo(FailureCode.DEADLINE_EXCEEDED);
        assertThat(failure(impossible).detail())
                .as("3 items at 2 ms")
                .contains("a deadline of 5 ms", "3 items", "6 ms");
        assertThat(failure(impossible).retryAfter()).isEqualTo(MILLI);
        assertThat(batcher.depth()).isEqualTo(4);
        runAll(batcher);
        assertThat(possible.join().orElseThrow()).isEqualTo("Y");
        assertThat(ran).doesNotContain(List.of("x"));
    }

    @Test
    void withNothingAheadOrNothingMeasuredNoDeadlineIsRefusedAsImpossible() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 8));
        submit(batcher, "a");
        assertThat(batcher.submit("unmeasured", deadline(MILLI))).isNotDone();
        runAll(batcher);

        assertThat(batcher.submit("alone", deadline(Duration.ofNanos(1)))).isNotDone();
    }

    @Test
    void aDeadlineLooksAtMoreUrgentItemsOnly() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 8));
        submit(batcher, "measure");
        runAll(batcher);
        submit(batcher, "a", "b", "c");

        assertThat(batcher.submit("urgent", deadline(MILLI.multipliedBy(5)), new Priority(1)))
                .isNotDone();
    }

    @Test
    void theMoreUrgentRunsFirstAndEqualsInTheirOrder() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 8));
        submit(batcher, new Priority(9), "low");
        submit(batcher, "first", "second");
        submit(batcher, new Priority(1), "high");

        runAll(batcher);

        assertThat(ran).containsExactly(List.of("high"), List.of("first"), List.of("second"), List.of("low"));
    }

    @Test
    void requestsOfManyItemsTakeTurnsWithOthers() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 64));
        Turns one = new Turns();
        Turns two = new Turns();
        for (String item : List.of("a1", "a2", "a3")) {
            assertThat(batcher.submit(item, Deadline.none(), Priority.DEFAULT, one))
                    .isNotDone();
        }
        for (String item : List.of("b1", "b2", "b3")) {
            assertThat(batcher.submit(item, Deadline.none(), Priority.DEFAULT, two))
                    .isNotDone();
        }
        pass(MILLI);
        submit(batcher, "single");
        pass(MILLI);

        runAll(batcher);

        assertThat(ran.stream().map(batch -> batch.get(0)))
                .containsExactly("a1", "b1", "single", "a2", "b2", "a3", "b3");
    }

    @Test
    void anItemThatIsGivenUpDoesNotHoldUpTheNextOfItsRequest() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 64));
        Turns turns = new Turns();
        CompletableFuture<Outcome<String>> first = batcher.submit("a1", Deadline.none(), Priority.DEFAULT, turns);
        assertThat(batcher.submit("a2", Deadline.none(), Priority.DEFAULT, turns))
                .isNotDone();
        first.cancel(false);
        pass(MILLI);
        submit(batcher, "single");

        runAll(batcher);

        assertThat(ran).containsExactly(List.of("a2"), List.of("single"));
    }

    @Test
    void theItemsOfALoneRequestShareABatch() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 64));
        Turns turns = new Turns();
        for (String item : List.of("a", "b", "c", "d")) {
            assertThat(batcher.submit(item, Deadline.none(), Priority.DEFAULT, turns))
                    .isNotDone();
        }

        runAll(batcher);

        assertThat(ran).containsExactly(List.of("a", "b", "c", "d"));
    }

    @Test
    void theLeastUrgentDoesNotStarveHoweverManyUrgentItemsCome() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 8));
        CompletableFuture<Outcome<String>> low = batcher.submit("low", Deadline.none(), new Priority(9));
        int overtaken = 0;
        while (!low.isDone()) {
            submit(batcher, new Priority(1), "high");
            pass(Priority.STEP.minus(MILLI.multipliedBy(2)));
            batcher.runReady(runner); // 2 ms
            overtaken++;
            assertThat(overtaken).isLessThan(20);
        }

        assertThat(overtaken - 1)
                .as("one urgent item a second, 8 levels of a second each; the tie goes to who came first")
                .isEqualTo(8);
    }

    @Test
    void aShapeOfUrgentItemsDoesNotKeepAnotherShapeFromTheEngine() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(2, Duration.ZERO, 64));
        submit(batcher, new Priority(6), "rare");
        for (int i = 0; i < 10; i++) {
            pass(Priority.STEP.dividedBy(2));
            submit(batcher, "p", "q");
            batcher.runReady(runner);
        }

        assertThat(ran.indexOf(List.of("rare"))).isBetween(1, 3);
    }

    @Test
    void aFullQueueGivesThePlaceOfItsLeastUrgentItemToAMoreUrgentOne() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 3));
        CompletableFuture<Outcome<String>> early = batcher.submit("early", Deadline.none(), new Priority(7));
        CompletableFuture<Outcome<String>> late = batcher.submit("late", Deadline.none(), new Priority(7));
        submit(batcher, "a");

        CompletableFuture<Outcome<String>> urgent = batcher.submit("urgent", Deadline.none(), new Priority(2));

        assertThat(failure(late).code()).isEqualTo(FailureCode.OVERLOADED);
        assertThat(failure(late).detail()).contains("more urgent");
        assertThat(early).isNotDone();
        assertThat(urgent).isNotDone();
        assertThat(batcher.depth()).isEqualTo(3);
        assertThat(failure(batcher.submit("low", Deadline.none(), new Priority(7)))
                        .code())
                .as("no more urgent than what waits")
                .isEqualTo(FailureCode.OVERLOADED);
    }

    @Test
    void anOldItemBehindAnUrgentOneStillEndsTheWaitForMoreItems() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(3, MILLI.multipliedBy(5), 8));
        submit(batcher, "a");
        pass(MILLI.multipliedBy(5));
        submit(batcher, new Priority(1), "b");

        assertThat(batcher.runReady(runner)).isTrue();
        assertThat(ran).containsExactly(List.of("b", "a"));
    }

    @Test
    void prioritiesAreThoseOfTheOpenInferenceProtocol() {
        assertThat(Priority.ofParameter(0)).isEqualTo(Priority.DEFAULT);
        assertThat(Priority.ofParameter(1)).isEqualTo(new Priority(1));
        assertThat(Priority.ofParameter(9)).isEqualTo(new Priority(9));
        assertThat(Priority.ofParameter(4_000_000_000L)).isEqualTo(new Priority(9));
        assertThat(Priority.ofParameter(-1)).as("2^64 - 1 as a long").isEqualTo(new Priority(9));
    }

    @Test
    void aBatchStartsEarlyEnoughForItsDeadlineThoughItCouldWaitForMoreItems() {
        Batcher<String, String> batcher = measured(new BatchPolicy(4, MILLI.multipliedBy(500), 8));
        CompletableFuture<Outcome<String>> answer = batcher.submit("a", deadline(MILLI.multipliedBy(200)));

        pass(MILLI.multipliedBy(150));
        assertThat(batcher.runReady(runner))
                .as("there is still time for more items")
                .isFalse();
        stepUntilDone(batcher, answer);

        assertThat(answer.join()).isInstanceOf(Outcome.Success.class);
    }

    @Test
    void theEarliestDeadlineOfAShapeEndsTheWaitAtAnyPosition() {
        Batcher<String, String> batcher = measured(new BatchPolicy(4, MILLI.multipliedBy(500), 8));
        List<CompletableFuture<Outcome<String>>> answers = new ArrayList<>();
        for (int allowed : new int[] {400, 100, 300}) {
            answers.add(batcher.submit("a" + allowed, deadline(MILLI.multipliedBy(allowed))));
        }

        stepUntilDone(batcher, answers.get(0));

        assertThat(answers).allSatisfy(answer -> assertThat(answer.join()).isInstanceOf(Outcome.Success.class));
        assertThat(ran).last().isEqualTo(List.of("a400", "a100", "a300"));
    }

    @Test
    void aShapeWithoutDeadlineWaitsWhileAnotherWithOneRuns() {
        Batcher<String, String> batcher = measured(new BatchPolicy(4, MILLI.multipliedBy(500), 8));
        CompletableFuture<Outcome<String>> patient = batcher.submit("xx", Deadline.none());
        CompletableFuture<Outcome<String>> pressed = batcher.submit("a", deadline(MILLI.multipliedBy(100)));

        stepUntilDone(batcher, pressed);

        assertThat(pressed.join()).isInstanceOf(Outcome.Success.class);
        assertThat(patient).isNotDone();
        stepUntilDone(batcher, patient);
        assertThat(patient.join().orElseThrow()).isEqualTo("XX");
    }

    @Test
    void withoutTheItemThatHasADeadlineTheOthersWaitAgain() {
        Batcher<String, String> batcher = measured(new BatchPolicy(4, MILLI.multipliedBy(500), 8));
        submit(batcher, "a");
        CompletableFuture<Outcome<String>> pressed = batcher.submit("b", deadline(MILLI.multipliedBy(100)));

        pressed.cancel(true);
        pass(MILLI.multipliedBy(99));

        assertThat(batcher.runReady(runner)).isFalse();
    }

    @Test
    void aDeadlineThatLeavesLessThanABatchTakesRunsAtOnce() {
        Batcher<String, String> batcher = measured(new BatchPolicy(4, MILLI.multipliedBy(500), 8));
        CompletableFuture<Outcome<String>> hasty = batcher.submit("a", deadline(MILLI));
        submit(batcher, "mate");

        assertThat(batcher.runReady(runner)).isTrue();
        assertThat(ran).last().isEqualTo(List.of("a", "mate"));
        assertThat(failure(hasty).detail()).contains("in the engine");
    }

    @Test
    void anItemWithADeadlineDoesNotWaitBeforeTheFirstMeasurement() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, MILLI.multipliedBy(500), 8));
        submit(batcher, "xx");
        assertThat(batcher.runReady(runner)).isFalse();
        CompletableFuture<Outcome<String>> answer = batcher.submit("a", deadline(MILLI.multipliedBy(200)));

        assertThat(batcher.runReady(runner)).isTrue();
        assertThat(answer.join().orElseThrow()).isEqualTo("A");
    }

    @Test
    void aLargerBatchStartsEarlierAndAllItsDeadlinesAreMet() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(32, MILLI.multipliedBy(500), 32));
        BatchRunner<String, String> linear = items -> {
            pass(MILLI.multipliedBy(5L * items.size()));
            return new BatchResult<>(items, STAGES);
        };
        submit(batcher, "measure");
        pass(MILLI.multipliedBy(500));
        assertThat(batcher.runReady(linear)).isTrue();
        List<CompletableFuture<Outcome<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            answers.add(batcher.submit("a", deadline(MILLI.multipliedBy(300))));
        }

        for (int i = 0; i < 300 && !batcher.runReady(linear); i++) {
            pass(MILLI);
        }

        assertThat(answers).allSatisfy(answer -> assertThat(answer.join()).isInstanceOf(Outcome.Success.class));
    }

    @Test
    void aCallbackOfACancelledItemFindsItsPlaceFree() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 1));
        CompletableFuture<Outcome<String>> gone = batcher.submit("gone", Deadline.none());
        List<CompletableFuture<Outcome<String>>> next = new ArrayList<>();
        CompletableFuture<Boolean> resubmitted =
                gone.handle((outcome, thrown) -> next.add(batcher.submit("next", Deadline.none())));

        gone.cancel(true);

        assertThat(resubmitted).isCompletedWithValue(true);
        assertThat(next.get(0)).isNotDone();
        runAll(batcher);
        assertThat(ran).containsExactly(List.of("next"));
    }

    @Test
    void aBatchThatIsGivenUpFailsItsItemsAndSuspendsTheBatcherUntilItReturns() {
        List<Failure> broken = new ArrayList<>();
        Batcher<String, String> batcher = builder(new BatchPolicy(1, Duration.ZERO, 8))
                .listener(events::add)
                .whenBroken(broken::add)
                .stepped();
        CompletableFuture<Outcome<String>> hung = batcher.submit("a", Deadline.none());
        CompletableFuture<Outcome<String>> waiting = batcher.submit("b", Deadline.none());
        assertThat(batcher.giveUp(Thread.currentThread(), HUNG))
                .as("nothing runs")
                .isFalse();

        runChecked(batcher, items -> {
            assertThat(batcher.giveUp(new Thread(), HUNG)).as("not a worker").isFalse();
            assertThat(batcher.hangs()).isFalse();
            assertThat(batcher.giveUp(Thread.currentThread(), HUNG)).isTrue();
            assertThat(batcher.giveUp(Thread.currentThread(), HUNG)).as("again").isTrue();
            assertThat(batcher.hangs()).isTrue();
            assertThat(failure(hung)).isEqualTo(HUNG);
            assertThat(failure(waiting)).isEqualTo(UNAVAILABLE);
            assertThat(failure(batcher.submit("c", Deadline.none()))).isEqualTo(UNAVAILABLE);
            assertThat(batcher.refusal(Deadline.none())).isEqualTo(UNAVAILABLE);
            return new BatchResult<>(items, STAGES);
        });

        assertThat(batcher.hangs()).isFalse();
        assertThat(batcher.refusal(Deadline.none())).isNull();
        assertThat(events).extracting(BatchCompleted::failure).containsExactly(FailureCode.ENGINE_FAULT);
        CompletableFuture<Outcome<String>> next = batcher.submit("d", Deadline.none());
        runAll(batcher);
        assertThat(next.join().orElseThrow()).isEqualTo("D");
        assertThat(broken).isEmpty();
    }

    @Test
    void aBatchThatIsGivenUpDoesNotRunAgainItemByItem() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));
        List<CompletableFuture<Outcome<String>>> answers = submit(batcher, "a", "b", "c");
        List<List<String>> entered = new ArrayList<>();

        batcher.runReady(items -> {
            entered.add(items);
            if (items.equals(List.of("b"))) {
                batcher.giveUp(Thread.currentThread(), HUNG);
            }
            if (items.equals(List.of("a"))) {
                return new BatchResult<>(items, STAGES);
            }
            throw new IllegalStateException("planted");
        });

        assertThat(entered).containsExactly(List.of("a", "b", "c"), List.of("a"), List.of("b"));
        assertThat(answers.get(0).join().orElseThrow()).isEqualTo("a");
        assertThat(failure(answers.get(1))).isEqualTo(HUNG);
        assertThat(failure(answers.get(2))).isEqualTo(HUNG);
        assertThat(batcher.hangs()).isFalse();
    }

    @Test
    void theTimeOfABatchThatWasGivenUpIsNotMeasured() {
        Batcher<String, String> batcher = measured(new BatchPolicy(1, Duration.ZERO, 8));
        submit(batcher, "hung");
        batcher.runReady(items -> {
            batcher.giveUp(Thread.currentThread(), HUNG);
            pass(Duration.ofMinutes(5));
            return new BatchResult<>(items, STAGES);
        });
        submit(batcher, "a", "b");

        assertThat(batcher.refusal(deadline(MILLI.multipliedBy(5)))).isNull();
    }

    @Test
    void ofSeveralBatchesGivenUpTheLastThatReturnsEndsTheSuspension() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 8));
        submit(batcher, "a", "b");
        Thread main = Thread.currentThread();

        runChecked(batcher, outer -> {
            Thread other = new Thread(() -> batcher.runReady(inner -> {
                batcher.giveUp(main, HUNG);
                batcher.giveUp(Thread.currentThread(), Failure.of(FailureCode.ENGINE_FAULT, "the other hangs"));
                return new BatchResult<>(inner, STAGES);
            }));
            other.start();
            other.join();
            assertThat(batcher.hangs()).isTrue();
            assertThat(batcher.refusal(Deadline.none()))
                    .as("of the one still inside")
                    .isEqualTo(UNAVAILABLE);
            return new BatchResult<>(outer, STAGES);
        });

        assertThat(batcher.hangs()).isFalse();
        assertThat(batcher.refusal(Deadline.none())).isNull();
    }

    @Test
    void givingUpABatchThatHasReturnedChangesNothing() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(1, Duration.ZERO, 8));
        CompletableFuture<Outcome<String>> answer = batcher.submit("a", Deadline.none());
        CompletableFuture<Boolean> givenUp =
                answer.thenApply(outcome -> batcher.giveUp(Thread.currentThread(), HUNG)); // On the worker.

        runAll(batcher);

        assertThat(givenUp.join()).isFalse();
        assertThat(answer.join().orElseThrow()).isEqualTo("A");
        assertThat(batcher.refusal(Deadline.none())).isNull();
    }

    @Test
    void aPolicyThatCannotWorkIsRefused() {
        assertThatThrownBy(() -> new BatchPolicy(0, Duration.ZERO, 8)).hasMessageContaining("maxSize is 0");
        assertThatThrownBy(() -> new BatchPolicy(8, Duration.ZERO, 4)).hasMessageContaining("queueCapacity is 4");
        assertThatThrownBy(() -> new BatchPolicy(8, Duration.ofMillis(-1), 8)).hasMessageContaining("maxDelay");
        assertThatThrownBy(() -> Deadline.in(Duration.ofMillis(-1), Ticker.system()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aDeadlineFarAwayIsStillADeadline() {
        Deadline deadline = Deadline.in(Duration.ofSeconds(Long.MAX_VALUE), () -> nowNanos);

        assertThat(deadline.passed(nowNanos)).isFalse();
        assertThat(deadline.remaining(nowNanos)).isGreaterThan(Duration.ofDays(300));
        assertThat(Deadline.none().passed(nowNanos)).isFalse();
    }

    private Batcher<String, String> batcher(BatchPolicy policy) {
        return builder(policy).listener(events::add).stepped();
    }

    /** A batcher that has run one batch, of 2 ms. */
    private Batcher<String, String> measured(BatchPolicy policy) {
        Batcher<String, String> batcher = batcher(policy);
        submit(batcher, "measure");
        pass(policy.maxDelay());
        runAll(batcher);
        return batcher;
    }

    /** As {@code runReady}, but a failed assertion in the runner fails the test. */
    private static void runChecked(Batcher<String, String> batcher, BatchRunner<String, String> checking) {
        List<AssertionError> failed = new ArrayList<>();
        batcher.runReady(items -> {
            try {
                return checking.run(items);
            } catch (AssertionError e) {
                failed.add(e);
                throw e;
            }
        });
        failed.forEach(error -> {
            throw error;
        });
    }

    private void stepUntilDone(Batcher<String, String> batcher, CompletableFuture<?> answer) {
        for (int i = 0; i < 1_000 && !answer.isDone(); i++) {
            batcher.runReady(runner);
            pass(MILLI);
        }
        assertThat(answer).isDone();
    }

    private Batcher.Builder<String, String> builder(BatchPolicy policy) {
        return Batcher.<String, String>of("m", "1")
                .policy(policy)
                .shape(BatcherTest::shapeOf)
                .ticker(() -> nowNanos);
    }

    /** Words of two letters and the word "rare" are shapes of their own. */
    private static int shapeOf(String item) {
        return item.length() == 2 || item.equals("rare") ? item.length() : 0;
    }

    private static List<CompletableFuture<Outcome<String>>> submit(Batcher<String, String> batcher, String... items) {
        return submit(batcher, Priority.DEFAULT, items);
    }

    private static List<CompletableFuture<Outcome<String>>> submit(
            Batcher<String, String> batcher, Priority priority, String... items) {
        List<CompletableFuture<Outcome<String>>> answers = new ArrayList<>();
        for (String item : items) {
            answers.add(batcher.submit(item, Deadline.none(), priority));
        }
        return answers;
    }

    private void runAll(Batcher<String, String> batcher) {
        while (batcher.runReady(runner)) {
            assertThat(ran).as("endless").hasSizeLessThan(100);
        }
    }

    private Deadline deadline(Duration allowed) {
        return Deadline.in(allowed, () -> nowNanos);
    }

    private void pass(Duration time) {
        nowNanos += time.toNanos();
    }

    private static Failure failure(CompletableFuture<Outcome<String>> answer) {
        assertThat(answer).isDone();
        return ((Failed<String>) answer.join()).failure();
    }
}
