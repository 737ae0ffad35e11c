package dev.gnserve.model;

import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.PassResult;
import dev.gnserve.backend.Prediction;
import dev.gnserve.batching.BatchResult;
import dev.gnserve.batching.BatchRunner;
import dev.gnserve.batching.StageTimes;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureException;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/** One worker of a model: its session, warmed up before the first batch. Not thread-safe: used by the worker's thread only. */
final class EngineWorker implements BatchRunner<ModelInput, Prediction> {

    /** Lets one worker warm up at a time, among all models: together they would only slow each other down. */
    private static final Object WARMING = new Object();

    private final BackendSession session;
    private final WarmUp warmUp;
    private final ToIntFunction<ModelInput> mostAtOnce;
    private final PassTimes times;
    private final Consumer<Prediction> check;
    private final Consumer<BackendSession> whenWarm;
    private boolean warm;

    /**
     * Makes a worker.
     *
     * @param mostAtOnce how many inputs of a shape one pass may have, as far as known
     * @param times receives the time of each pass
     * @param check throws if a prediction of the warm-up does not fit the manifest
     * @param whenWarm receives the session after the warm-up; must use it before it returns
     */
    EngineWorker(
            BackendSession session,
            WarmUp warmUp,
            ToIntFunction<ModelInput> mostAtOnce,
            PassTimes times,
            Consumer<Prediction> check,
            Consumer<BackendSession> whenWarm) {
        this.session = session;
        this.warmUp = warmUp;
        this.mostAtOnce = mostAtOnce;
        this.times = times;
        this.check = check;
        this.whenWarm = whenWarm;
    }

    @Override
    public void prepare() {
        if (warm) {
            return;
        }
        synchronized (WARMING) {
            warmUp.noise().forEach(this::warm);
            whenWarm.accept(session);
            warm = true;
        }
    }

    /** Batches that are larger than what fits into memory or time never come, so they are not run here either. */
    private void warm(ModelInput noise) {
        int before = 0;
        for (int wanted : warmUp.batchSizes().stream().sorted().toList()) {
            if (before == 1 && mostAtOnce.applyAsInt(noise) < wanted) {
                predict(List.of(noise)).forEach(check); // The first pass of a shape takes longer than later ones.
            }
            int batchSize = Math.min(wanted, mostAtOnce.applyAsInt(noise));
            if (batchSize != before) {
                predict(Collections.nCopies(batchSize, noise)).forEach(check);
            }
            before = batchSize;
        }
    }

    private List<Prediction> predict(List<ModelInput> inputs) {
        try {
            return timed(inputs).predictions();
        } catch (FailureException e) {
            Failure failure = e.failure();
            throw new FailureException(
                    failure.code(),
                    "the archive does not run with input, warmUp or batching of model.yaml: " + failure.detail(),
                    failure.cause());
        }
    }

    @Override
    public BatchResult<Prediction> run(List<ModelInput> inputs) {
        PassResult pass = timed(inputs);
        return new BatchResult<>(pass.predictions(), new StageTimes(pass.assemble(), pass.infer(), pass.split()));
    }

    private PassResult timed(List<ModelInput> inputs) {
        PassResult pass = session.run(inputs);
        times.record(inputs.get(0), inputs.size(), pass.infer());
        return pass;
    }
}
