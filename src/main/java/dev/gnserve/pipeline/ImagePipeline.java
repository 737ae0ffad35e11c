package dev.gnserve.pipeline;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.DecodeCost;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.PageNumber;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.Preprocessor;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ImageParameters;
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
import java.util.Map;
import java.util.function.BiConsumer;
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
 * upload -> take a share of the pixel budget -> decode -> prepare -> submit tiles -> [batcher, engine] -> collect -> result -> response
 * </pre>
 *
 * <p>HTTP requests, the commands {@code batch} and {@code evaluate}, the golden check and verification all go this way. Thread-safe. The
 * calling thread does all the work, except in the engine.
 */
@Component
public final class ImagePipeline {

    /** Which page of how many a picture shows, such as 2/5; only where the file has several. */
    private static final String PAGE_HEADER = "X-Image-Page";

    private final UploadReader uploads;
    private final ImageDecoder decoder;
    private final ClipReader clips;
    private final PixelBudget pixels;
    private final @Nullable ShadowTraffic shadows;
    private final ApplicationEventPublisher events;

    @Autowired
    ImagePipeline(
            UploadReader uploads,
            UploadLimits limits,
            PixelBudget pixels,
            @Nullable ShadowTraffic shadows,
            ApplicationEventPublisher events) {
        this.uploads = uploads;
        ImageLimits sizes = new ImageLimits(limits.maxPixels(), ImageLimits.DEFAULT.maxSide());
        this.decoder = new ImageDecoder(sizes);
        this.clips = new ClipReader(sizes);
        this.pixels = pixels;
        this.shadows = shadows;
        this.events = events;
    }

    /** A pipeline with default limits, for commands that work on one image at a time. */
    public static ImagePipeline forCommands() {
        UploadLimits limits = UploadLimits.DEFAULT;
        return new ImagePipeline(new UploadReader(limits), limits, PixelBudget.unlimited(), null, event -> {});
    }

    // ---- The response to a request ----

    /**
     * Answers a request in JSON, or with a file that the client prefers to it, such as a PNG.
     *
     * @param files for each type of file, what makes its bytes from a result; empty for JSON only
     * @param page of each image, from 1
     * @throws FailureException if the request as a whole fails
     * @throws IOException if the connection breaks
     */
    public <R, J> ResponseEntity<Object> answer(
            ImageTask<R, J> task,
            Map<MediaType, Function<R, byte[]>> files,
            LoadedModel model,
            Client client,
            HttpServletRequest request,
            int page)
            throws IOException {
        ImageStages stages = new ImageStages(model.name(), model.version(), events);
        List<Upload> parts = uploads.read(request, page);
        List<Upload> images = model.manifest().input().clip() == null ? parts : List.of(clip(parts));
        Map<String, Tensor> given =
                uploads.parameters(request, model.manifest().input().parameters());
        Context<R> context = new Context<>(
                task,
                model.manifest(),
                model,
                given,
                client,
                pixels::take,
                stages,
                (image, result) -> copyToShadow(task, model, given, image, result));
        MediaType type = AcceptHeader.preferredFile(request, files.keySet());
        Function<R, byte[]> file = type == null ? null : files.get(type);
        if (type != null && file != null) {
            if (images.size() != 1) {
                throw Failure.of(
                                FailureCode.INVALID_REQUEST,
                                "A response of type %s shows one image, and the request has %d. Send one image per request, or accept JSON."
                                        .formatted(named(type), images.size()))
                        .asException();
            }
            return runOne(context, images.get(0), found -> {
                byte[] bytes = stages.encoded(() -> file.apply(found.result()));
                ResponseEntity.BodyBuilder response = ResponseEntity.ok().contentType(type);
                if (found.page() != null) {
                    response.header(
                            PAGE_HEADER,
                            found.page().number() + "/" + found.page().of());
                }
                return response.body(bytes);
            });
        }
        String requestId = RequestId.of(request);
        List<J> results = run(
                context,
                images,
                found -> stages.encoded(() -> task.describe(
                        found.name(), found.result(), found.timing(), client.cancelling("writing the masks"))),
                (upload, failure) -> task.failed(upload.name(), Problems.of(failure, requestId)));
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_JSON)
                .body(task.response(model, requestId, results));
    }

    /**
     * The images of a request to a model of clips, as one upload.
     *
     * @throws FailureException INVALID_REQUEST for a page other than the first
     */
    public static Upload clip(List<Upload> frames) {
        return ClipReader.together(frames);
    }

    private static String named(MediaType type) {
        return type.equals(MediaType.IMAGE_PNG) ? "PNG" : type.toString();
    }

    /**
     * The response for one image, without HTTP.
     *
     * @param document the JSON document, to be serialized
     * @param picture PNG; null if none was requested, or the task draws nothing
     */
    @SuppressWarnings("ArrayRecordComponent") // Written once, compared never.
    public record ImageResponse(Object document, byte @Nullable [] picture) {}

    /**
     * Makes the response for an image that came without a request. It has no deadline.
     *
     * @param picture whether to draw the result, too
     * @throws FailureException if the image fails
     */
    public <R, J> ImageResponse answer(
            ImageTask<R, J> task, LoadedModel model, Upload image, boolean picture, String requestId) {
        ImageStages stages = new ImageStages(model.name(), model.version(), events);
        Context<R> context = new Context<>(
                task,
                model.manifest(),
                model,
                Map.of(),
                Client.NONE,
                pixels::takePatiently,
                stages,
                (upload, result) -> {});
        return runOne(context, image, found -> {
            J described = stages.encoded(
                    () -> task.describe(found.name(), found.result(), found.timing(), Cancellation.NEVER));
            return new ImageResponse(
                    task.response(model, requestId, List.of(described)),
                    picture ? stages.encoded(() -> task.picture(found.result())) : null);
        });
    }

    /**
     * Finds the result for an image that came without a request, such as one in the model's folder. It takes nothing of the pixel
     * budget: requests to one model must not keep another from loading.
     *
     * @param inference runs the tiles
     * @throws FailureException if the image fails
     */
    public <R> Found<R> find(CollectorFactory<R> task, ModelManifest manifest, Inference inference, Upload image) {
        return find(task, manifest, inference, Map.of(), image);
    }

    private <R> Found<R> find(
            CollectorFactory<R> task,
            ModelManifest manifest,
            Inference inference,
            Map<String, Tensor> given,
            Upload image) {
        Context<R> context = new Context<>(
                task,
                manifest,
                inference,
                given,
                Client.NONE,
                claimed -> pixels.take(0),
                ImageStages.UNPUBLISHED,
                (upload, result) -> {});
        return runOne(context, image, Function.identity());
    }

    private <R, T> T runOne(Context<R> context, Upload image, Function<Found<R>, T> response) {
        return run(context, List.of(image), response, (upload, failure) -> {
                    throw failure.asException();
                })
                .get(0);
    }

    /**
     * The model's input for an image, or for its first tile if it has several.
     *
     * @param input float32 [channels, height, width], or [channels, frames, height, width] of a clip
     * @param page that was used; null where the file has one
     */
    public record FirstTile(FloatTensor input, @Nullable PageNumber page) {}

    /**
     * The model's input for an image, or the first clip.
     *
     * @throws FailureException if the image cannot be decoded
     */
    public FirstTile firstTile(ModelManifest manifest, Upload image) {
        if (manifest.input().clip() == null) {
            return firstTile(manifest.preprocessor(), image);
        }
        try (Share share = pixels.take(clips.price(manifest, image))) {
            ClipReader.Clips read = clips.read(manifest, image, Cancellation.NEVER);
            share.reduceTo(read.pixelsInBudget(1));
            Tensor first = read.input(0);
            return new FirstTile(new FloatTensor(first.shape(), first.floats()), null);
        }
    }

    /** As {@link #firstTile(ModelManifest, Upload)}, for a model without a manifest. */
    public FirstTile firstTile(Preprocessor preprocessor, Upload image) {
        DecodeCost cost = decoder.cost(image.bytes(), image.page(), preprocessor.channels());
        long enlarged = Math.max(
                        preprocessor.enlargedBytes(cost.width(), cost.height(), 1),
                        preprocessor.enlargedBytes(cost.height(), cost.width(), 1))
                / PixelBudget.BYTES_PER_PIXEL;
        try (Share share = pixels.take(cost.inPixels(PixelBudget.BYTES_PER_PIXEL) + enlarged)) {
            UprightImage upright = decode(image, preprocessor.channels(), Client.NONE);
            share.reduceTo(upright.pixelsInBudget() + enlarged);
            PlanarImage tile = preprocessor.prepare(upright).tile(0);
            TensorShape shape = TensorShape.of(tile.channels(), tile.height(), tile.width());
            return new FirstTile(new FloatTensor(shape, tile.values()), upright.page());
        }
    }

    // ---- The images of a request ----

    /**
     * What all images of one request have in common.
     *
     * @param given what the request gives beside its images
     * @param budget takes a share of the pixel budget for what decoding an image costs; waits for it, or fails with
     *     OVERLOADED
     * @param answered called with each image that has its response
     */
    private record Context<R>(
            CollectorFactory<R> task,
            ModelManifest manifest,
            Inference inference,
            Map<String, Tensor> given,
            Client client,
            LongFunction<Share> budget,
            ImageStages stages,
            BiConsumer<Upload, R> answered) {

        private Context {
            ImageParameters parameters = manifest.input().parameters();
            inference = parameters == null
                    ? inference.ofOneRequest()
                    : parameters.with(inference.ofOneRequest(), parameters.complete(given));
        }

        /** The channels that the model takes. */
        ChannelOrder wanted() {
            return manifest.input().colour();
        }

        /** How many images, and tiles of each, may be in flight. */
        int limit() {
            return InputsInFlight.limit(manifest);
        }
    }

    /**
     * The result of one image.
     *
     * @param name of the upload
     * @param page that was used; null where the file has one
     */
    public record Found<R>(
            String name, R result, Timing timing, @Nullable PageNumber page) {}

    /** An image of a request after its first steps. */
    private sealed interface Started {

        Upload upload();

        /** Cancels the tiles in flight and gives back the share of the pixel budget. */
        default void close() {}
    }

    private record InFlight(
            Upload upload,
            Share share,
            UprightImage image,
            PreparedImage prepared,
            TilesInFlight tiles,
            Duration decode,
            Duration prepare)
            implements Started {

        @Override
        public void close() {
            tiles.cancel();
            share.close();
        }
    }

    private record Failed(Upload upload, Failure failure) implements Started {}

    /**
     * The end of one image.
     *
     * @param response made late for an image that failed: where all fail, the request fails and no image is reported by itself
     */
    private record Finished<T>(@Nullable Failure failure, Supplier<T> response) {}

    /**
     * Runs the images of a request, several at a time, so that they share batches. Returns a response for each, in their order.
     *
     * @param response makes the response from a result
     * @param refusal makes the response from a failure
     * @throws FailureException the first failure, if every image failed
     */
    private <R, T> List<T> run(
            Context<R> context,
            List<Upload> images,
            Function<Found<R>, T> response,
            BiFunction<Upload, Failure, T> refusal) {
        Deque<Started> started = new ArrayDeque<>();
        List<Finished<T>> finished = new ArrayList<>(images.size());
        try {
            for (Upload image : images) {
                if (started.size() == context.limit()) {
                    finished.add(finish(context, started.remove(), response, refusal));
                }
                Started next = start(context, image, started.isEmpty());
                while (next == null) {
                    finished.add(finish(context, started.remove(), response, refusal));
                    next = start(context, image, started.isEmpty());
                }
                started.add(next);
            }
            while (!started.isEmpty()) {
                finished.add(finish(context, started.remove(), response, refusal));
            }
        } finally {
            started.forEach(Started::close);
        }
        Failure first = finished.get(0).failure();
        if (first != null && finished.stream().allMatch(image -> image.failure() != null)) {
            throw first.asException();
        }
        return finished.stream().map(image -> image.response().get()).toList();
    }

    // ---- The steps of one image ----

    /**
     * Takes the share of an image, decodes and prepares it, and submits its first tiles.
     *
     * @param alone whether no other image of the request holds a share. Otherwise the image does not wait for its own: the request would
     *     wait for itself
     * @return null if the share is not free now, and other images of the request hold shares
     */
    private @Nullable Started start(Context<?> context, Upload upload, boolean alone) {
        Share share = null;
        try {
            long price = price(context.task(), context.manifest(), upload);
            share = alone ? context.budget().apply(price) : pixels.takeAtOnce(price);
            if (share == null) {
                return null;
            }
            if (context.manifest().input().clip() != null) {
                return startClips(context, upload, share);
            }
            long began = System.nanoTime();
            UprightImage image = decode(upload, context.wanted(), context.client());
            share.reduceTo(inBudget(context, image.pixelsInBudget(), image));
            Duration decode = context.stages().took(ImageStage.Name.DECODE, began);
            began = System.nanoTime();
            PreparedImage prepared = context.manifest().preprocessor().prepare(image);
            Duration prepare = context.stages().took(ImageStage.Name.PREPROCESS, began);
            TilesInFlight tiles = new TilesInFlight(
                    context.inference(),
                    context.client(),
                    prepared.tiles(),
                    index -> tensor(prepared.tile(index)),
                    context.limit());
            tiles.submit();
            return new InFlight(upload, share, image, prepared, tiles, decode, prepare);
        } catch (RuntimeException | Error e) {
            if (share != null) {
                share.close();
            }
            if (e instanceof FailureException known) {
                return new Failed(upload, known.failure());
            }
            if (e instanceof OutOfMemoryError) {
                return new Failed(upload, pixels.heapTooSmall(e));
            }
            throw e;
        }
    }

    private InFlight startClips(Context<?> context, Upload upload, Share share) {
        long began = System.nanoTime();
        ClipReader.Clips read =
                clips.read(context.manifest(), upload, context.client().cancelling("decoding"));
        share.reduceTo(inBudget(context, read.pixelsInBudget(context.limit()), read.image()));
        Duration decode = context.stages().took(ImageStage.Name.DECODE, began);
        TilesInFlight tiles = new TilesInFlight(
                context.inference(), context.client(), read.chosen().size(), read::input, context.limit());
        tiles.submit();
        return new InFlight(upload, share, read.image(), read.prepared(), tiles, decode, Duration.ZERO);
    }

    private static Tensor tensor(PlanarImage tile) {
        return Tensor.of(tile.values(), tile.channels(), tile.height(), tile.width());
    }

    /** What an image takes of the pixel budget until it is decoded, for a task that may take more than decoding. */
    private long price(CollectorFactory<?> task, ModelManifest manifest, Upload upload) {
        DecodeCost cost =
                decoder.cost(upload.bytes(), upload.page(), manifest.input().colour());
        long pixels = manifest.input().clip() == null
                ? cost.inPixels(PixelBudget.BYTES_PER_PIXEL)
                : clips.price(manifest, upload);
        // Not known yet is whether the image lies on its side.
        return Math.max(
                task.inBudget(manifest, pixels, cost.width(), cost.height()),
                task.inBudget(manifest, pixels, cost.height(), cost.width()));
    }

    private static long inBudget(Context<?> context, long pixels, UprightImage image) {
        return context.task().inBudget(context.manifest(), pixels, image.width(), image.height());
    }

    private UprightImage decode(Upload upload, ChannelOrder wanted, Client client) {
        return decoder.decode(upload.bytes(), upload.page(), wanted, client.cancelling("decoding"));
    }

    /** Collects the tiles of an image, makes its result and response, and gives back its share of the pixel budget. */
    private <R, T> Finished<T> finish(
            Context<R> context,
            Started started,
            Function<Found<R>, T> response,
            BiFunction<Upload, Failure, T> refusal) {
        Failure failure;
        if (started instanceof InFlight image) {
            try {
                Found<R> found = collect(context, image);
                T made = response.apply(found);
                context.answered().accept(image.upload(), found.result());
                return new Finished<>(null, () -> made);
            } catch (FailureException e) {
                failure = e.failure();
            } catch (OutOfMemoryError e) {
                image.close(); // Closing it again does nothing.
                failure = pixels.heapTooSmall(e);
            } finally {
                image.close();
            }
        } else {
            failure = ((Failed) started).failure();
        }
        Failure named = named(started.upload(), failure);
        return new Finished<>(named, () -> refusal.apply(started.upload(), named));
    }

    private <R> Found<R> collect(Context<R> context, InFlight image) {
        TileCollector<R> collector = context.task().collector(context.manifest(), image.image(), image.prepared());
        long[] adding = new long[1];
        image.tiles().forEach(tile -> {
            long began = System.nanoTime();
            collector.add(tile);
            adding[0] += System.nanoTime() - began;
        });
        long began = System.nanoTime() - adding[0];
        R result = collector.finish();
        Duration postprocess = context.stages().took(ImageStage.Name.POSTPROCESS, began);
        Timing timing = image.tiles().timing(image.decode(), image.prepare(), postprocess);
        context.stages().completed(timing);
        return new Found<>(image.upload().name(), result, timing, image.image().page());
    }

    /** Runs the image on the shadow of the model, too, if there is one and the image is chosen, and compares the results. */
    private <R> void copyToShadow(
            ImageTask<R, ?> task, LoadedModel model, Map<String, Tensor> given, Upload image, R result) {
        ShadowTraffic.Copy copy = shadows == null ? null : shadows.choose(model);
        if (copy == null) {
            return;
        }
        Share share;
        try {
            // Both results are held until they are compared.
            share = pixels.takeAtOnce(2 * price(task, model.manifest(), image));
        } catch (FailureException e) {
            share = null; // It never fits twice. The copy counts as dropped.
        }
        copy.run(share, shadow -> {
            if (shadow.manifest().task() != task.task()) {
                throw Failure.of(
                                FailureCode.WRONG_TASK,
                                "its task is %s"
                                        .formatted(shadow.manifest().task().label()))
                        .asException();
            }
            return task.agreement(
                    result, find(task, shadow.manifest(), shadow, given, image).result());
        });
    }

    private static Failure named(Upload upload, Failure failure) {
        return new Failure(
                failure.code(), upload.name() + ": " + failure.detail(), failure.retryAfter(), failure.cause());
    }
}
