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
    private final Consumer<Prediction> check;
    private final Consumer<BackendSession> whenWarm;
    private boolean warm;

    /**
     * Makes a worker.
     *
     * @param mostAtOnce how many such inputs fit into the memory of one pass, as far as known
     * @param check throws if a prediction of the warm-up does not fit the manifest
     * @param whenWarm receives the session after the warm-up; must use it before it returns
     */
    EngineWorker(
            BackendSession session,
            WarmUp warmUp,
            ToIntFunction<ModelInput> mostAtOnce,
            Consumer<Prediction> check,
            Consumer<BackendSession> whenWarm) {
        this.session = session;
        this.warmUp = warmUp;
        this.mostAtOnce = mostAtOnce;
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

    /** Batches that are larger than what fits into memory never come, so they are not run here either. */
    private void warm(ModelInput noise) {
        int before = 0;
        for (int wanted : warmUp.batchSizes().stream().sorted().toList()) {
            int batchSize = Math.min(wanted, mostAtOnce.applyAsInt(noise));
            if (batchSize != before) {
                predict(Collections.nCopies(batchSize, noise)).forEach(check);
            }
            before = batchSize;
        }
    }

    private List<Prediction> predict(List<ModelInput> inputs) {
        try {
            return session.run(inputs).predictions();
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
        PassResult pass = session.run(inputs);
        return new BatchResult<>(pass.predictions(), new StageTimes(pass.assemble(), pass.infer(), pass.split()));
    }
}
