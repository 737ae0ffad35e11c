package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.Task;
import io.swagger.v3.oas.annotations.Hidden;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** The paths of tasks that no room serves: the answer names the path that the model does know. */
@Hidden
@RestController
class OtherTasks {

    private final InferenceRequests requests;

    OtherTasks(InferenceRequests requests) {
        this.requests = requests;
    }

    @PostMapping("/v1/models/{model}/classify")
    void classify(@PathVariable String model, HttpServletRequest request) throws IOException {
        refuse(Task.CLASSIFICATION, model, request);
    }

    private void refuse(Task task, String name, HttpServletRequest request) throws IOException {
        requests.answer(task, name, null, request, (model, images, deadline) -> {
            throw Failure.of(
                            FailureCode.MODEL_UNAVAILABLE,
                            "The model '%s' does %s, which this version of gnserve does not serve."
                                    .formatted(model.name(), task.label()))
                    .asException();
        });
    }
}
