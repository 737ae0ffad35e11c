package dev.gnserve.pipeline;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.Preprocessor;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.Inference;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.problem.Problems;
import dev.gnserve.problem.RequestId;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;

/**
 * The way of an image, from top to bottom of this file.
 *
 * <pre>
 * upload -> admit -> decode -> prepare -> submit tiles -> [batcher, engine] -> collect -> result -> answer
 * </pre>
 *
 * <p>Requests over HTTP, the commands {@code batch} and {@code evaluate}, the check against a golden image and verification all go
 * this way. Thread-safe; an image is worked on by the thread that brings it, except in the engine.
 */
@Component
public final class ImagePipeline {

    private final UploadReader uploads;
    private final ImageDecoder decoder;
    private final PixelBudget pixels;
    private final ApplicationEventPublisher events;

    @Autowired
    ImagePipeline(UploadReader uploads, UploadLimits limits, PixelBudget pixels, ApplicationEventPublisher events) {
        this.uploads = uploads;
        this.decoder = new ImageDecoder(new ImageLimits(limits.maxPixels(), ImageLimits.DEFAULT.maxSide()));
        this.pixels = pixels;
        this.events = events;
    }

    /** A pipeline for commands that work on one image at a time, with the usual limits. */
    public static ImagePipeline forCommands() {
        UploadLimits limits = UploadLimits.DEFAULT;
        return new ImagePipeline(
                new UploadReader(limits), limits, new PixelBudget(limits.maxPixels(), Duration.ZERO), event -> {});
    }

    // ---- The answer to a request ----

    /**
     * Answers a request: in JSON, or with a PNG where there is a picture and the caller prefers it.
     *
     * @param picture from what was found to the bytes of the PNG, or null for JSON only
     * @throws FailureException what keeps the request as a whole from being answered
     * @throws IOException if the connection breaks
     */
    public <R, J> ResponseEntity<Object> answer(
            ImageTask<R, J> task,
            @Nullable Function<R, byte[]> picture,
            LoadedModel model,
            Caller caller,
            HttpServletRequest request)
            throws IOException {
        Stages stages = new Stages(model.name(), model.version(), events);
        Job<R> job = new Job<>(task, model.manifest(), model, caller, pixels::take, stages);
        List<Upload> images = uploads.read(request);
        if (picture != null && AcceptedPicture.isPreferred(request)) {
            AcceptedPicture.requireOne(images);
            byte[] png = run(
                            job,
                            images,
                            found -> stages.encoded(() -> picture.apply(found.result())),
                            (upload, failure) -> new byte[0])
                    .get(0);
            return ResponseEntity.ok().contentType(MediaType.IMAGE_PNG).body(png);
        }
        String requestId = RequestId.of(request);
        List<J> results = run(
                job,
                images,
                found -> stages.encoded(() -> task.describe(found.name(), found.result(), found.timing())),
                (upload, failure) -> task.failed(upload.name(), Problems.of(failure, requestId)));
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .body(task.response(model, requestId, results));
    }

    /**
     * The answer to a request with one image, without HTTP.
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
     * @throws FailureException why there is none
     */
    public <R, J> Answer answer(
            ImageTask<R, J> task, LoadedModel model, Upload image, boolean picture, String requestId) {
        Stages stages = new Stages(model.name(), model.version(), events);
        Job<R> job = new Job<>(task, model.manifest(), model, Caller.PATIENT, pixels::takePatiently, stages);
        Found<R> found = find(job, image);
        J described = stages.encoded(() -> task.describe(image.name(), found.result(), found.timing()));
        return new Answer(
                task.response(model, requestId, List.of(described)),
                picture ? stages.encoded(() -> task.picture(found.result())) : null);
    }

    /**
     * What is found in an image that no request brings, such as one that belongs to the model. It needs no room: a model that is
     * loaded must not fail because of the requests to another.
     *
     * @param inference runs the tiles
     * @throws FailureException why nothing is
     */
    public <R> Found<R> find(ImageTask<R, ?> task, ModelManifest manifest, Inference inference, Upload image) {
        return find(new Job<>(task, manifest, inference, Caller.PATIENT, claimed -> () -> {}, Stages.UNSEEN), image);
    }

    private <R> Found<R> find(Job<R> job, Upload image) {
        return run(job, List.of(image), Function.identity(), (upload, failure) -> {
                    throw failure.asException();
                })
                .get(0);
    }

    /**
     * The input that a model is given first for an image: the image itself, or its first tile.
     *
     * @return float32 [channels, height, width]
     * @throws FailureException why the image cannot be read
     */
    public FloatTensor firstTile(Preprocessor preprocessor, Upload image) {
        try (Share room = pixels.take(decoder.claimedPixels(image.bytes()))) {
            PlanarImage tile = preprocessor.prepare(decode(image, room)).tile(0);
            return new FloatTensor(TensorShape.of(tile.channels(), tile.height(), tile.width()), tile.values());
        }
    }

    // ---- The images of a request ----

    /**
     * What is done with the images of one request.
     *
     * @param admission gives an image room for as many pixels as its header claims, waiting for it, or fails with OVERLOADED
     */
    private record Job<R>(
            ImageTask<R, ?> task,
            ModelManifest manifest,
            Inference inference,
            Caller caller,
            LongFunction<Share> admission,
            Stages stages) {

        /** How many images, and tiles of each, may be on their way: enough to fill a batch. */
        int ahead() {
            return Math.max(2, manifest.batching().maxSize());
        }
    }

    /**
     * What was found in one image.
     *
     * @param name of the upload
     */
    public record Found<R>(String name, R result, Timing timing) {}

    /**
     * Runs images, several at a time so that they can share batches, and gives one answer for each in their order.
     *
     * @param answer from what was found to the answer
     * @param refusal from a failure to the answer
     * @throws FailureException the first failure, if every image failed
     */
    private <R, T> List<T> run(
            Job<R> job, List<Upload> images, Function<Found<R>, T> answer, BiFunction<Upload, Failure, T> refusal) {
        Deque<Running> running = new ArrayDeque<>();
        List<Supplier<T>> answers =
                new ArrayList<>(images.size()); // Refusals count only beside an image that was answered.
        List<Failure> failures = new ArrayList<>();
        try {
            for (Upload image : images) {
                if (running.size() == job.ahead()) {
                    answers.add(finished(job, running.remove(), answer, refusal, failures));
                }
                Share room = null;
                while (room == null && !running.isEmpty()) {
                    // A request must not wait for room that it holds itself.
                    room = admitAtOnce(image);
                    if (room == null) {
                        answers.add(finished(job, running.remove(), answer, refusal, failures));
                    }
                }
                running.add(started(job, image, room));
            }
            while (!running.isEmpty()) {
                answers.add(finished(job, running.remove(), answer, refusal, failures));
            }
        } finally {
            running.forEach(Running::cancel);
        }
        if (failures.size() == images.size()) {
            throw failures.get(0).asException();
        }
        return answers.stream().map(Supplier::get).toList();
    }

    /** One image between its first tile and its last; or why it has none. */
    private record Running(
            Upload upload,
            Share room,
            @Nullable Failure failure,
            @Nullable UprightImage image,
            @Nullable PreparedImage prepared,
            @Nullable TileRun tiles,
            Duration decode,
            Duration prepare) {

        static Running failed(Upload upload, Failure failure) {
            return new Running(upload, () -> {}, failure, null, null, null, Duration.ZERO, Duration.ZERO);
        }

        /** Cancels the tiles that are still on their way, and gives the room back. */
        void cancel() {
            if (tiles != null) {
                tiles.cancel();
            }
            room.close();
        }
    }

    // ---- The steps of one image ----

    /** Admits, decodes, prepares and submits the first tiles. */
    private Running started(Job<?> job, Upload upload, @Nullable Share admitted) {
        Share room = admitted == null ? () -> {} : admitted;
        try {
            room = admitted == null ? job.admission().apply(decoder.claimedPixels(upload.bytes())) : admitted;
            long began = System.nanoTime();
            UprightImage image = decode(upload, room);
            Duration decode = job.stages().took(ImageStage.Name.DECODE, began);
            began = System.nanoTime();
            PreparedImage prepared = job.manifest().preprocessor().prepare(image);
            Duration prepare = job.stages().took(ImageStage.Name.PREPROCESS, began);
            TileRun tiles = new TileRun(job.inference(), job.caller(), prepared, job.ahead());
            tiles.submit();
            return new Running(upload, room, null, image, prepared, tiles, decode, prepare);
        } catch (FailureException e) {
            room.close();
            return Running.failed(upload, e.failure());
        } catch (RuntimeException | Error e) {
            room.close();
            throw e;
        }
    }

    /** Null when there is no room for an image now. */
    private @Nullable Share admitAtOnce(Upload upload) {
        return pixels.takeAtOnce(decoder.claimedPixels(upload.bytes()));
    }

    private UprightImage decode(Upload upload, Share room) {
        UprightImage image = decoder.decode(upload.bytes());
        room.reduceTo((long) image.width() * image.height());
        return image;
    }

    /** Collects the tiles of an image, makes the result and the answer, and gives its room back. */
    private <R, T> Supplier<T> finished(
            Job<R> job,
            Running running,
            Function<Found<R>, T> answer,
            BiFunction<Upload, Failure, T> refusal,
            List<Failure> failures) {
        Failure failure = running.failure();
        try {
            if (failure == null) {
                T answered = answer.apply(collected(job, running));
                return () -> answered;
            }
        } catch (FailureException e) {
            failure = e.failure();
        } finally {
            running.cancel();
        }
        Failure named = named(running.upload(), failure);
        failures.add(named);
        return () -> refusal.apply(running.upload(), named);
    }

    private <R> Found<R> collected(Job<R> job, Running running) {
        TileRun tiles = Objects.requireNonNull(running.tiles());
        TileCollector<R> collector = job.task()
                .collector(
                        job.manifest(),
                        Objects.requireNonNull(running.image()),
                        Objects.requireNonNull(running.prepared()));
        long[] adding = new long[1];
        tiles.forEach(tile -> {
            long began = System.nanoTime();
            collector.add(tile);
            adding[0] += System.nanoTime() - began;
        });
        long began = System.nanoTime() - adding[0];
        R result = collector.finish();
        Duration postprocess = job.stages().took(ImageStage.Name.POSTPROCESS, began);
        Timing timing = tiles.timing(running.decode(), running.prepare(), postprocess);
        job.stages().completed(timing);
        return new Found<>(running.upload().name(), result, timing);
    }

    private static Failure named(Upload upload, Failure failure) {
        return new Failure(
                failure.code(), upload.name() + ": " + failure.detail(), failure.retryAfter(), failure.cause());
    }

    // ---- What telemetry hears ----

    /** Publishes how long the stages outside the engine took. */
    private record Stages(String model, String version, ApplicationEventPublisher events) {

        static final Stages UNSEEN = new Stages("", "", event -> {});

        Duration took(ImageStage.Name stage, long beganNanos) {
            Duration elapsed = Duration.ofNanos(System.nanoTime() - beganNanos);
            events.publishEvent(new ImageStage(model, version, stage, elapsed));
            return elapsed;
        }

        <T extends @Nullable Object> T encoded(Supplier<T> encode) {
            long began = System.nanoTime();
            T encoded = encode.get();
            took(ImageStage.Name.ENCODE, began);
            return encoded;
        }

        void completed(Timing timing) {
            events.publishEvent(new ImageCompleted(timing));
        }
    }
}
