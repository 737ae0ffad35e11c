package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelLease;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.Task;
import dev.gnserve.problem.UploadRefused;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;
import org.springframework.web.multipart.MultipartException;

/**
 * Answers requests to models: leases the model until the response is made, checks that it serves, and publishes a
 * {@link RequestCompleted}. Thread-safe.
 */
@Component
public final class ModelRequests {

    private final ModelRepository models;
    private final ApplicationEventPublisher events;

    ModelRequests(ModelRepository models, ApplicationEventPublisher events) {
        this.models = models;
        this.events = events;
    }

    /** Makes the response. */
    @FunctionalInterface
    public interface Work<T> {

        T with(LoadedModel model, Client client) throws IOException;
    }

    /**
     * Answers one request.
     *
     * @param version of the model, or null for the default one
     * @param task that the model must have, or null for any
     * @throws FailureException if the request as a whole fails
     * @throws IOException if the connection breaks
     */
    public <T> T answer(
            String name, @Nullable String version, @Nullable Task task, HttpServletRequest request, Work<T> work)
            throws IOException {
        LoadedModel model = null;
        FailureCode outcome = null;
        boolean refused = false;
        try (ModelLease lease = models.lease(name, version)) {
            model = lease.model();
            if (task != null) {
                requireTask(model, task);
            }
            model.requireReady(); // Before the body is read.
            return work.with(model, Client.of(request));
        } catch (FailureException e) {
            outcome = e.failure().code();
            throw e;
        } catch (ClientDisconnectedException e) {
            outcome = FailureCode.INVALID_REQUEST;
            throw Failure.of(outcome, String.valueOf(e.getMessage()), e).asException();
        } catch (MultipartException e) {
            refused = true; // The problem advice publishes an event for it.
            throw e;
        } catch (IOException e) {
            outcome = FailureCode.INVALID_REQUEST;
            throw e;
        } catch (RuntimeException | Error e) {
            outcome = FailureCode.ENGINE_FAULT;
            throw e;
        } finally {
            if (!refused) {
                UploadRefused.counted(request);
                events.publishEvent(new RequestCompleted(
                        model == null ? null : model.name(), model == null ? null : model.version(), outcome));
            }
        }
    }

    private static void requireTask(LoadedModel model, Task asked) {
        Task task = model.manifest().task();
        if (task != asked) {
            throw Failure.of(
                            FailureCode.WRONG_TASK,
                            (task == Task.TENSORS
                                            ? "The model '%s' takes %s, not images. POST them to %s."
                                            : "The model '%s' has the task %s. POST the image to %s.")
                                    .formatted(model.name(), task.label(), task.path(model.name())))
                    .asException();
        }
    }
}
