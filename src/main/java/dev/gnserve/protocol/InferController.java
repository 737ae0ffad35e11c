package dev.gnserve.protocol;

import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Priority;
import dev.gnserve.batching.Ticker;
import dev.gnserve.model.Inference;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelSignature;
import dev.gnserve.pipeline.Client;
import dev.gnserve.pipeline.InputsInFlight;
import dev.gnserve.pipeline.ModelRequests;
import dev.gnserve.pipeline.OutputHeap;
import dev.gnserve.pipeline.ShadowTraffic;
import dev.gnserve.pipeline.UploadReader;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/** {@code POST /v2/models/{model}/infer}, with or without a version. */
@RestController
@Tag(name = "open inference protocol")
class InferController {

    private static final String SUMMARY = "Run a model on tensors";
    private static final String JSON_LENGTH = "Length of the JSON in bytes, if binary data follow it";

    /** Heap of an output of one item beside its values: tensor, shape, array and its place in a list. */
    private static final long HEAP_PER_TENSOR = 128;

    private final ModelRequests requests;
    private final UploadReader uploads;
    private final ShadowTraffic shadows;
    private final Ticker ticker = Ticker.system();

    InferController(ModelRequests requests, UploadReader uploads, ShadowTraffic shadows) {
        this.requests = requests;
        this.uploads = uploads;
        this.shadows = shadows;
    }

    @PostMapping("/v2/models/{model}/infer")
    @Operation(
            operationId = "infer",
            summary = SUMMARY,
            description =
                    "Tensors in, tensors out, as JSON or as raw bytes after the JSON. Items share batches with those of other requests.")
    @InferOperation
    void infer(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @RequestHeader(name = RequestBody.HEADER_LENGTH, required = false)
                    @Parameter(description = JSON_LENGTH)
                    @Nullable
                    String jsonLength,
            HttpServletRequest request,
            HttpServletResponse response)
            throws IOException {
        send(respond(model, null, jsonLength, request), request, response);
    }

    @PostMapping("/v2/models/{model}/versions/{version}/infer")
    @Operation(
            operationId = "inferVersion",
            summary = SUMMARY + " of a version",
            description = "As infer, with a version.")
    @InferOperation
    void inferVersion(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @PathVariable @Parameter(example = "1") String version,
            @RequestHeader(name = RequestBody.HEADER_LENGTH, required = false)
                    @Parameter(description = JSON_LENGTH)
                    @Nullable
                    String jsonLength,
            HttpServletRequest request,
            HttpServletResponse response)
            throws IOException {
        send(respond(model, version, jsonLength, request), request, response);
    }

    private static void send(ResponseBody body, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        PlainAnswers.mayBeCompressed(request);
        body.writeTo(response);
    }

    private ResponseBody respond(
            String model, @Nullable String version, @Nullable String jsonLength, HttpServletRequest request)
            throws IOException {
        return requests.answer(model, version, null, request, (served, client) -> {
            byte[] body = uploads.decodedBody(request);
            return infer(served, RequestBody.read(body, jsonLength), client, OutputHeap.of(request));
        });
    }

    private ResponseBody infer(LoadedModel served, RequestBody body, Client client, OutputHeap heap) {
        ModelSignature signature = served.signature();
        RequestedOutputs requested = RequestedOutputs.of(body.request(), signature);
        InputTensors input = InputTensors.of(body, signature);
        Deadline deadline = earlier(client.deadline(), body.request());
        Client until = client.until(deadline);
        long objects =
                HEAP_PER_TENSOR * input.size() * Math.max(1, signature.outputs().size());
        heap.add(objects, 0); // Known before anything runs.
        Map<String, List<Tensor>> gathered = run(served, input, priority(body.request()), until, heap);
        Map<String, OutputTensor> all = new LinkedHashMap<>();
        gathered.forEach((name, items) -> all.put(name, new OutputTensor(name, items, signature.whole())));
        List<ResponseTensor> outputs = requested.from(
                all, input.size(), served.manifest().labels(), heap, until.cancelling("the classification"));
        ResponseBody response = ResponseBody.of(served.name(), served.version(), body.request(), requested, outputs);
        long held = body.bytes().length
                + 2 * objects
                + 2 * all.values().stream().mapToLong(OutputTensor::bytes).sum();
        shadows.copy(
                served,
                held,
                shadow -> TensorAgreement.of(
                        gathered,
                        run(
                                shadow,
                                InputTensors.of(body, shadow.signature()),
                                Priority.DEFAULT,
                                Client.NONE,
                                OutputHeap.UNCOUNTED)));
        return response;
    }

    /** The items of each output. They take their heap as they arrive. */
    private static Map<String, List<Tensor>> run(
            LoadedModel model, InputTensors input, Priority priority, Client client, OutputHeap heap) {
        Inference inference = model.ofTensors(priority);
        Map<String, List<Tensor>> gathered = new LinkedHashMap<>();
        int[] left = {input.size()};
        new InputsInFlight(
                        input.size(),
                        InputsInFlight.limit(model.manifest()),
                        item -> inference.infer(input.item(item), client.deadline()),
                        client)
                .forEach(success -> {
                    Map<String, Tensor> outputs = success.result().outputs();
                    long bytes = outputs.values().stream()
                            .mapToLong(
                                    tensor -> tensor.elements() * tensor.type().bytes())
                            .sum();
                    heap.add(bytes, bytes * --left[0]);
                    outputs.forEach((name, tensor) -> gathered.computeIfAbsent(name, any -> new ArrayList<>())
                            .add(tensor));
                });
        return gathered;
    }

    private static Priority priority(InferRequest request) {
        Long value = request.parameters() == null ? null : request.parameters().priority();
        return Priority.ofParameter(value == null ? 0 : value);
    }

    /** The deadline of the header or of the parameter {@code timeout}, whichever is earlier. */
    private Deadline earlier(Deadline header, InferRequest request) {
        Long micros = request.parameters() == null ? null : request.parameters().timeout();
        if (micros == null || micros == 0) {
            return header;
        }
        Deadline own = Deadline.in(Duration.of(micros, ChronoUnit.MICROS), ticker);
        long now = ticker.nanos();
        return header.remaining(now).compareTo(own.remaining(now)) < 0 ? header : own;
    }
}
