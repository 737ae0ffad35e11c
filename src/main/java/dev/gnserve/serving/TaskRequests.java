package dev.gnserve.serving;

import dev.gnserve.model.ServedModel;
import dev.gnserve.problem.Problems;
import dev.gnserve.problem.RequestId;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;

/** Answers the request of a task, in JSON or as a picture. Thread-safe. */
@Component
public final class TaskRequests {

    private final InferenceRequests requests;

    TaskRequests(InferenceRequests requests) {
        this.requests = requests;
    }

    /**
     * Answers in JSON.
     *
     * @param version of the model, or null for the newest that is ready
     * @throws dev.gnserve.failure.FailureException what keeps the request as a whole from being answered
     * @throws IOException if the connection breaks
     */
    public <R, J> ResponseEntity<Object> answer(
            ImageTask<R, J> task, String model, @Nullable String version, HttpServletRequest request)
            throws IOException {
        return requests.answer(
                task.task(),
                model,
                version,
                request,
                (served, images, caller) -> json(task, served, images, caller, RequestId.of(request)));
    }

    /**
     * Answers in JSON, or with a PNG where the caller prefers one.
     *
     * @param picture from what was found to the bytes of the PNG
     */
    public <R, J> ResponseEntity<Object> answer(
            ImageTask<R, J> task,
            Function<R, byte[]> picture,
            String model,
            @Nullable String version,
            HttpServletRequest request)
            throws IOException {
        if (!AcceptedPicture.isPreferred(request)) {
            return answer(task, model, version, request);
        }
        return requests.answer(task.task(), model, version, request, (served, images, caller) -> {
            AcceptedPicture.requireOne(images);
            byte[] png = requests.run(
                            served,
                            images,
                            caller,
                            (upload, run) -> {
                                R found = find(task, served, run).result();
                                return encoded(served, () -> picture.apply(found));
                            },
                            (upload, failure) -> new byte[0])
                    .get(0);
            return ResponseEntity.ok().contentType(MediaType.IMAGE_PNG).body(png);
        });
    }

    /**
     * What a request with one image is answered.
     *
     * @param document as in JSON
     * @param picture PNG; null where none was wanted, or the task draws nothing
     */
    @SuppressWarnings("ArrayRecordComponent") // Written once, compared never.
    public record Answer(Object document, byte @Nullable [] picture) {}

    /**
     * The answer for an image that no request brings, without a deadline.
     *
     * @param picture whether it is drawn, too
     * @throws dev.gnserve.failure.FailureException why there is none
     */
    public <R, J> Answer answer(
            ImageTask<R, J> task, ServedModel served, Upload image, boolean picture, String requestId) {
        return requests.run(
                        served,
                        List.of(image),
                        Caller.PATIENT,
                        (upload, run) -> {
                            Found<R> found = find(task, served, run);
                            J described =
                                    encoded(served, () -> task.describe(upload.name(), found.result(), found.timing()));
                            return new Answer(
                                    task.response(served, requestId, List.of(described)),
                                    picture ? encoded(served, () -> task.picture(found.result())) : null);
                        },
                        (upload, failure) -> new Answer(failure, null))
                .get(0);
    }

    private <R, J> ResponseEntity<Object> json(
            ImageTask<R, J> task, ServedModel served, List<Upload> images, Caller caller, String requestId) {
        List<J> results = requests.run(
                served,
                images,
                caller,
                (upload, run) -> {
                    Found<R> found = find(task, served, run);
                    return encoded(served, () -> task.describe(upload.name(), found.result(), found.timing()));
                },
                (upload, failure) -> task.failed(upload.name(), Problems.of(failure, requestId)));
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .body(task.response(served, requestId, results));
    }

    private record Found<R>(R result, Timing timing) {}

    private <R> Found<R> find(ImageTask<R, ?> task, ServedModel served, ImageRun run) {
        TileCollector<R> collector = task.collector(served, run);
        long[] adding = new long[1];
        run.forEachTile(tile -> {
            long began = System.nanoTime();
            collector.add(tile);
            adding[0] += System.nanoTime() - began;
        });
        long began = System.nanoTime() - adding[0];
        R result = collector.finish();
        Duration postprocess = requests.stage(served, ImageStage.Name.POSTPROCESS, began);
        Timing timing = run.timing(postprocess);
        requests.completed(timing);
        return new Found<>(result, timing);
    }

    private <T extends @Nullable Object> T encoded(ServedModel served, Supplier<T> encode) {
        long began = System.nanoTime();
        T encoded = encode.get();
        requests.stage(served, ImageStage.Name.ENCODE, began);
        return encoded;
    }
}
