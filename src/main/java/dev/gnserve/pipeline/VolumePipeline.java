package dev.gnserve.pipeline;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.batching.BatchTiming;
import dev.gnserve.batching.Outcome;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.model.Inference;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.VolumeSpec;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.SlidingWindow;
import dev.gnserve.volume.Volume;
import dev.gnserve.volume.VolumeFile;
import dev.gnserve.volume.VolumeShape;
import dev.gnserve.volume.WindowBlender;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;

/**
 * The way of a volume, from top to bottom of {@link #run}.
 *
 * <pre>
 * upload -> header -> take a share of the pixel budget -> values -> steps -> windows [batcher, engine] -> blended planes -> result
 * </pre>
 *
 * <p>The memory is planned from the header: the values, as many planes of outputs as a window has, and the result. Thread-safe. The calling
 * thread does all the work, except in the engine.
 */
@Component
public final class VolumePipeline {

    private static final long LONGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final UploadReader uploads;
    private final ImageLimits limits;
    private final PixelBudget pixels;
    private final ApplicationEventPublisher events;

    VolumePipeline(UploadReader uploads, UploadLimits limits, PixelBudget pixels, ApplicationEventPublisher events) {
        this.uploads = uploads;
        this.limits = new ImageLimits(limits.maxPixels(), ImageLimits.DEFAULT.maxSide());
        this.pixels = pixels;
        this.events = events;
    }

    /** The result of one volume. */
    public record Found<R>(String name, R result, Timing timing) {}

    /**
     * Runs the volume of a request through a model, and makes its response in the memory that is planned for both.
     *
     * @param array the name of an array in a file with several; null for the only one
     * @throws dev.gnserve.failure.FailureException if it fails
     * @throws IOException if the connection breaks
     */
    public <R, T> T answer(
            VolumeTask<R> task,
            LoadedModel model,
            Client client,
            HttpServletRequest request,
            @Nullable String array,
            Function<Found<R>, T> response)
            throws IOException {
        List<Upload> parts = uploads.read(request, 1);
        if (parts.size() != 1) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The request has %d volumes. Send one per request.".formatted(parts.size()))
                    .asException();
        }
        ImageStages stages = new ImageStages(model.name(), model.version(), events);
        return run(
                task,
                model.manifest(),
                model,
                client,
                parts.get(0),
                array,
                stages,
                false,
                found -> stages.encoded(() -> response.apply(found)));
    }

    /**
     * Runs a volume that came without a request through a model in one pass, such as a test tensor.
     *
     * @throws dev.gnserve.failure.FailureException if it fails
     */
    <R> R whole(VolumeTask<R> task, ModelManifest manifest, Inference inference, Upload upload) {
        return run(task, manifest, inference, Client.NONE, upload, null, ImageStages.UNPUBLISHED, true, Found::result);
    }

    /**
     * The model's input for the first window of a volume.
     *
     * @throws dev.gnserve.failure.FailureException if the volume cannot be decoded
     */
    public ImagePipeline.FirstTile firstWindow(ModelManifest manifest, Upload upload) {
        VolumeSpec spec = Objects.requireNonNull(manifest.input().volume(), "the model takes images");
        VolumeFile file =
                VolumeFile.open(upload.bytes(), manifest.input().colour().channels(), limits);
        AxisOrder.Grid grid = spec.order(file.geometry()).grid(file.shape());
        SlidingWindow windows = spec.windows(grid, manifest.input().padding().multiple());
        try (Share share = pixels.take(inBudget(spec.bytes(file.shape()) + file.readingBytes()))) {
            Volume volume = file.read(Cancellation.NEVER);
            int channels = volume.shape().channels();
            int voxels = (int) volume.shape().voxels();
            spec.steps().forEach(step -> step.apply(volume.values(), channels, voxels));
            share.reduceTo(inBudget(windows.windowBytes(channels)));
            int[] size = windows.window();
            TensorShape shape = TensorShape.of(channels, size[0], size[1], size[2]);
            return new ImagePipeline.FirstTile(new FloatTensor(shape, windows.cut(volume, grid, 0)), null);
        }
    }

    private <R, T> T run(
            VolumeTask<R> task,
            ModelManifest manifest,
            Inference inference,
            Client client,
            Upload upload,
            @Nullable String array,
            ImageStages stages,
            boolean whole,
            Function<Found<R>, T> response) {
        VolumeSpec spec = Objects.requireNonNull(manifest.input().volume(), "the model takes images");
        VolumeFile file =
                VolumeFile.open(upload.bytes(), array, manifest.input().colour().channels(), limits);
        AxisOrder order = whole ? AxisOrder.ZYX : spec.order(file.geometry());
        String objection = whole ? null : spec.objection(file.geometry(), order);
        if (objection != null) {
            throw Failure.of(FailureCode.IMAGE_UNDECODABLE, objection).asException();
        }
        AxisOrder.Grid grid = order.grid(file.shape());
        int multiple = manifest.input().padding().multiple();
        SlidingWindow windows = whole ? VolumeSpec.whole(grid) : spec.windows(grid, multiple);
        long bytes = bytes(task, manifest, spec, file.shape(), windows) + file.readingBytes();
        // A test tensor takes nothing: requests to one model must not keep another from loading.
        try (Share share = pixels.take(whole ? 0 : inBudget(bytes))) {
            long began = System.nanoTime();
            Volume volume = file.read(client.cancelling("decoding"));
            Duration decode = stages.took(ImageStage.Name.DECODE, began);
            began = System.nanoTime();
            VolumeTask.Collector<R> collector = task.collector(manifest, volume, grid);
            int voxels = (int) volume.shape().voxels();
            spec.steps()
                    .forEach(step -> step.apply(volume.values(), volume.shape().channels(), voxels));
            share.reduceTo(inBudget(bytes - file.readingBytes() - spec.copies(file.shape())));
            Duration prepare = stages.took(ImageStage.Name.PREPROCESS, began);
            Run run = new Run(manifest, inference.ofOneRequest(), client, volume, grid, windows);
            run.through(collector);
            began = System.nanoTime() - run.collecting;
            R result = collector.finish();
            Duration postprocess = stages.took(ImageStage.Name.POSTPROCESS, began);
            Timing timing = run.timing(decode, prepare, postprocess);
            stages.completed(timing);
            return response.apply(new Found<>(upload.name(), result, timing));
        } catch (OutOfMemoryError e) {
            throw pixels.heapTooSmall(e).asException();
        }
    }

    private static long inBudget(long bytes) {
        return bytes / PixelBudget.BYTES_PER_PIXEL + 1;
    }

    /** Heap from the values to the response. */
    private static long bytes(
            VolumeTask<?> task, ModelManifest manifest, VolumeSpec spec, VolumeShape shape, SlidingWindow windows) {
        int outputs = manifest.output().channels().size();
        long blending = windows.bytes(outputs);
        if (blending / (outputs + 1) / Float.BYTES > LONGEST_ARRAY) {
            throw Failure.of(
                            FailureCode.IMAGE_TOO_LARGE,
                            "a slab of the volume (%s) as thick as a window has more than %,d voxels: crop the volume"
                                    .formatted(shape, LONGEST_ARRAY))
                    .asException();
        }
        long inFlight = InputsInFlight.limit(manifest) * windows.windowBytes(shape.channels() + outputs);
        long response = task.responseBytes(manifest, shape);
        return spec.bytes(shape) + Math.max(blending + inFlight, response) + task.bytes(manifest, shape);
    }

    /** The windows of one volume on their way through the model. For one thread. */
    private static final class Run {

        private final ModelManifest manifest;
        private final Inference inference;
        private final Client client;
        private final Volume volume;
        private final AxisOrder.Grid grid;
        private final SlidingWindow windows;
        private Duration cutting = Duration.ZERO;
        private Duration queue = Duration.ZERO;
        private Duration inferring = Duration.ZERO;
        private int batchSize;
        private long collecting; // nanoseconds

        Run(
                ModelManifest manifest,
                Inference inference,
                Client client,
                Volume volume,
                AxisOrder.Grid grid,
                SlidingWindow windows) {
            this.manifest = manifest;
            this.inference = inference;
            this.client = client;
            this.volume = volume;
            this.grid = grid;
            this.windows = windows;
        }

        void through(VolumeTask.Collector<?> collector) {
            int outputs = manifest.output().channels().size();
            WindowBlender blender = new WindowBlender(windows, outputs, collector::plane);
            int[] size = windows.window();
            TensorShape expected = TensorShape.of(outputs, size[0], size[1], size[2]);
            InputsInFlight inputs = new InputsInFlight(
                    windows.count(),
                    InputsInFlight.limit(manifest),
                    index -> {
                        long began = System.nanoTime();
                        float[] cut = windows.cut(volume, grid, index);
                        cutting = cutting.plusNanos(System.nanoTime() - began);
                        Tensor input = Tensor.of(cut, volume.shape().channels(), size[0], size[1], size[2]);
                        return inference.infer(input, client.deadline());
                    },
                    client);
            inputs.forEach(success -> add(success, expected, blender));
        }

        private void add(Outcome.Success<Prediction> success, TensorShape expected, WindowBlender blender) {
            BatchTiming timing = success.timing();
            queue = timing.queueWait().compareTo(queue) > 0 ? timing.queueWait() : queue;
            inferring = inferring.plus(timing.stages().total());
            batchSize = Math.max(batchSize, timing.batchSize());
            long began = System.nanoTime();
            Tensor output = manifest.output().logits(success.result());
            if (!output.shape().equals(expected)) {
                throw Failure.of(
                                FailureCode.ENGINE_FAULT,
                                "The model returned %s for a window, but its model.yaml declares %s."
                                        .formatted(output, expected))
                        .asException();
            }
            blender.add(output.floats());
            collecting += System.nanoTime() - began;
        }

        Timing timing(Duration decode, Duration prepare, Duration postprocess) {
            return Timing.of(decode, prepare.plus(cutting), queue, inferring, postprocess, batchSize, windows.count());
        }
    }
}
