package dev.gnserve.protocol;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.Outcome;
import dev.gnserve.batching.Priority;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.pipeline.Caller;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Sends the items of a request's batch through the model as images are sent: one by one, so that they share batches with
 * everybody else's, and a few at a time, so that a large request does not fill the queue.
 */
final class InferenceRun {

    private InferenceRun() {}

    /**
     * Every output of the model for all items, in the model's order.
     *
     * @throws dev.gnserve.failure.FailureException the failure of the first item that failed; the others are given up
     */
    static Map<String, OutputTensor> run(LoadedModel model, InputTensor input, Caller caller, Priority priority) {
        int ahead = Math.max(2, model.manifest().batching().maxSize());
        Deque<CompletableFuture<Outcome<Prediction>>> inFlight = new ArrayDeque<>();
        Map<String, List<Tensor>> gathered = new LinkedHashMap<>();
        try {
            for (int submitted = 0, done = 0; done < input.size(); done++) {
                while (submitted < input.size() && inFlight.size() < ahead) {
                    inFlight.add(model.infer(input.item(submitted++), caller.deadline(), priority));
                }
                Prediction prediction = caller.await(inFlight.remove()).orElseThrow();
                prediction
                        .outputs()
                        .forEach((name, tensor) -> gathered.computeIfAbsent(name, any -> new ArrayList<>())
                                .add(tensor));
            }
        } finally {
            inFlight.forEach(item -> item.cancel(false));
        }
        Map<String, OutputTensor> outputs = new LinkedHashMap<>();
        gathered.forEach((name, items) -> outputs.put(name, new OutputTensor(name, items)));
        return outputs;
    }
}
