package dev.gnserve.protocol;

import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Priority;
import dev.gnserve.batching.Ticker;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelSignature;
import dev.gnserve.pipeline.Caller;
import dev.gnserve.pipeline.ModelRequests;
import dev.gnserve.pipeline.UploadReader;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/** {@code POST /v2/models/{model}/infer}, with or without a version. */
@RestController
@Tag(name = "open inference protocol")
class InferController {

    private static final String SUMMARY = "Run a model on tensors";
    private static final String JSON_LENGTH = "Length of the JSON in bytes, where binary data follow it";

    private final ModelRequests requests;
    private final UploadReader uploads;
    private final Ticker ticker = Ticker.system();

    InferController(ModelRequests requests, UploadReader uploads) {
        this.requests = requests;
        this.uploads = uploads;
    }

    @PostMapping("/v2/models/{model}/infer")
    @Operation(operationId = "infer", summary = SUMMARY)
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
        answer(model, null, jsonLength, request).writeTo(response);
    }

    @PostMapping("/v2/models/{model}/versions/{version}/infer")
    @Operation(operationId = "inferVersion", summary = SUMMARY + " of a version")
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
        answer(model, version, jsonLength, request).writeTo(response);
    }

    private InferenceAnswer answer(
            String model, @Nullable String version, @Nullable String jsonLength, HttpServletRequest request)
            throws IOException {
        return requests.answer(model, version, null, request, (served, caller) -> {
            byte[] body = uploads.body(request);
            String encoding = request.getHeader(HttpHeaders.CONTENT_ENCODING);
            if (encoding != null && !encoding.equals("identity")) {
                throw RequestBody.invalid("The body has a Content-Encoding; it is read only without one.");
            }
            return infer(served, RequestBody.read(body, jsonLength), caller);
        });
    }

    private InferenceAnswer infer(LoadedModel served, RequestBody body, Caller caller) {
        ModelSignature signature = served.signature();
        WantedOutputs wanted = WantedOutputs.of(body.request(), signature);
        InputTensor input = InputTensor.of(body, signature);
        Deadline deadline = sooner(caller.deadline(), body.request());
        Map<String, OutputTensor> all =
                InferenceRun.run(served, input, caller.until(deadline), priority(body.request()));
        List<OutputTensor> outputs = wanted.from(all, input.size());
        return InferenceAnswer.of(served.name(), served.version(), body.request(), wanted, outputs);
    }

    private static Priority priority(InferRequest request) {
        Long value = request.parameters() == null ? null : request.parameters().priority();
        return Priority.ofParameter(value == null ? 0 : value);
    }

    /** The header's deadline, or the parameter's if it comes before it. */
    private Deadline sooner(Deadline header, InferRequest request) {
        Long micros = request.parameters() == null ? null : request.parameters().timeout();
        if (micros == null || micros == 0) {
            return header;
        }
        Deadline own = Deadline.in(Duration.of(micros, ChronoUnit.MICROS), ticker);
        long now = ticker.nanos();
        return header.remaining(now).compareTo(own.remaining(now)) < 0 ? header : own;
    }
}
