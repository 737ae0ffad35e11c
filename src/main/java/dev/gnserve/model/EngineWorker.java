package dev.gnserve.model;

import dev.gnserve.backend.BackendRun;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.batching.BatchRun;
import dev.gnserve.batching.BatchRunner;
import dev.gnserve.batching.StageTimes;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureException;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/** One worker of a model: a session, warmed up before its first batch. */
final class EngineWorker implements BatchRunner<Tensor, Prediction> {

    /** One worker warms up at a time, whatever its model: together they would only slow each other down. */
    private static final Object WARMING = new Object();

    private final BackendSession session;
    private final WarmUp warmUp;
    private final Consumer<Prediction> check;
    private final Consumer<BackendSession> whenWarm;
    private boolean warm;

    /**
     * Makes a worker.
     *
     * @param check throws when what the warm-up gave does not fit the manifest
     * @param whenWarm is handed the session, to be used before it returns
     */
    EngineWorker(BackendSession session, WarmUp warmUp, Consumer<Prediction> check, Consumer<BackendSession> whenWarm) {
        this.session = session;
        this.warmUp = warmUp;
        this.check = check;
        this.whenWarm = whenWarm;
    }

    @Override
    public void prepare() {
        if (warm) {
            return;
        }
        synchronized (WARMING) {
            for (ElementType type : warmUp.dataTypes()) {
                for (TensorShape shape : warmUp.shapes()) {
                    warm(WarmUp.input(type, shape));
                }
            }
            whenWarm.accept(session);
            warm = true;
        }
    }

    private void warm(Tensor noise) {
        for (int batchSize : warmUp.batchSizes()) {
            tried(Collections.nCopies(batchSize, noise)).forEach(check);
        }
    }

    private List<Prediction> tried(List<Tensor> inputs) {
        try {
            return session.run(inputs).predictions();
        } catch (FailureException e) {
            Failure failure = e.failure();
            throw Failure.of(
                            failure.code(),
                            "what model.yaml says of input, warmUp or batching does not suit the archive: "
                                    + failure.detail(),
                            failure.cause())
                    .asException();
        }
    }

    @Override
    public BatchRun<Prediction> run(List<Tensor> inputs) {
        BackendRun run = session.run(inputs);
        return new BatchRun<>(run.predictions(), new StageTimes(run.assemble(), run.infer(), run.split()));
    }
}
