package dev.gnserve.model;

import dev.gnserve.batching.BatchRun;
import dev.gnserve.batching.BatchRunner;
import dev.gnserve.batching.StageTimes;
import dev.gnserve.engine.EngineRun;
import dev.gnserve.engine.EngineSession;
import dev.gnserve.engine.Prediction;
import dev.gnserve.engine.Tensor;
import dev.gnserve.engine.TensorShape;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/** One worker of a model: a session, warmed up before its first batch. */
final class EngineWorker implements BatchRunner<Tensor, Prediction> {

    /** One worker warms up at a time, whatever its model: together they would only slow each other down. */
    private static final Object WARMING = new Object();

    private final EngineSession session;
    private final WarmUp warmUp;
    private final Consumer<Prediction> check;

    /**
     * Makes a worker.
     *
     * @param check throws when what the warm-up gave does not fit the manifest
     */
    EngineWorker(EngineSession session, WarmUp warmUp, Consumer<Prediction> check) {
        this.session = session;
        this.warmUp = warmUp;
        this.check = check;
    }

    @Override
    public void prepare() {
        synchronized (WARMING) {
            for (TensorShape shape : warmUp.shapes()) {
                Tensor noise = WarmUp.input(shape);
                for (int batchSize : warmUp.batchSizes()) {
                    List<Prediction> predictions =
                            session.run(Collections.nCopies(batchSize, noise)).predictions();
                    predictions.forEach(check);
                }
            }
        }
    }

    @Override
    public BatchRun<Prediction> run(List<Tensor> inputs) {
        EngineRun run = session.run(inputs);
        return new BatchRun<>(run.predictions(), new StageTimes(run.assemble(), run.infer(), run.split()));
    }
}
