package dev.gnserve.protocol;

import io.swagger.v3.oas.annotations.Hidden;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** Extensions of the protocol that clients of Triton ask for and gnserve does not have. GET /v2 lists those that it has. */
@Hidden
@RestController
class UnsupportedExtensions {

    @RequestMapping({"/v2/systemsharedmemory/**", "/v2/cudasharedmemory/**"})
    void sharedMemory() {
        throw refused("shared memory", "Send tensors in the request.");
    }

    @RequestMapping({"/v2/trace/**", "/v2/models/{model}/trace/**"})
    void trace() {
        throw refused("trace", "The setting gnserve.tracing turns on OpenTelemetry.");
    }

    @RequestMapping("/v2/logging/**")
    void logging() {
        throw refused("logging", "Settings under logging.level change the log at the start.");
    }

    @RequestMapping({
        "/v2/models/{model}/generate", "/v2/models/{model}/generate_stream",
        "/v2/models/{model}/versions/{version}/generate", "/v2/models/{model}/versions/{version}/generate_stream"
    })
    void generate() {
        throw refused("generate", "POST tensors to /v2/models/MODEL/infer.");
    }

    private static ResponseStatusException refused(String extension, String instead) {
        return new ResponseStatusException(
                HttpStatus.NOT_FOUND, "The %s extension is not supported. %s".formatted(extension, instead));
    }
}
