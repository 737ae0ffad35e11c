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
import dev.gnserve.volume.Resampling;
import dev.gnserve.volume.SlidingWindow;
import dev.gnserve.volume.Volume;
import dev.gnserve.volume.VolumeFile;
import dev.gnserve.volume.VolumeShape;
import dev.gnserve.volume.WindowBlender;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.LongFunction;
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

    /** For commands, without limits of memory. */
    public static VolumePipeline forCommands() {
        UploadLimits limits = UploadLimits.DEFAULT;
        return new VolumePipeline(new UploadReader(limits), limits, PixelBudget.unlimited(), event -> {});
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
        uploads.parameters(request, null); // Refuses them.
        ImageStages stages = new ImageStages(model.name(), model.version(), events);
        return run(
                task,
                model.manifest(),
                model,
                client,
                parts.get(0).name(),
                opened(model.manifest(), parts.get(0), array),
                pixels::take,
                stages,
                false,
                found -> stages.encoded(() -> response.apply(found)));
    }

    private VolumeFile opened(ModelManifest manifest, Upload upload, @Nullable String array) {
        return VolumeFile.open(upload.bytes(), array, manifest.input().colour().channels(), limits);
    }

    /**
     * Runs a file through a model, and makes its response, in work that no client waits for.
     *
     * @throws dev.gnserve.failure.FailureException if it fails
     */
    public <R, T> T answer(VolumeTask<R> task, LoadedModel model, Upload upload, Function<Found<R>, T> response) {
        return answer(task, model, upload.name(), opened(model.manifest(), upload, null), response);
    }

    /**
     * Runs a folder with one volume through a model, as {@link #answer(VolumeTask, LoadedModel, Upload, Function)} does with a file.
     *
     * @throws dev.gnserve.failure.FailureException if it fails
     */
    public <R, T> T answer(
            VolumeTask<R> task, LoadedModel model, String name, Path folder, Function<Found<R>, T> response) {
        int channels = model.manifest().input().colour().channels();
        return answer(task, model, name, VolumeFile.openFolder(folder, channels, limits), response);
    }

    private <R, T> T answer(
            VolumeTask<R> task, LoadedModel model, String name, VolumeFile file, Function<Found<R>, T> response) {
        ImageStages stages = new ImageStages(model.name(), model.version(), events);
        return run(
                task,
                model.manifest(),
                model,
                Client.NONE,
                name,
                file,
                pixels::takePatiently,
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
        // A test tensor takes nothing: requests to one model must not keep another from loading.
        return run(
                task,
                manifest,
                inference,
                Client.NONE,
                upload.name(),
                opened(manifest, upload, null),
                needed -> pixels.take(0),
                ImageStages.UNPUBLISHED,
                true,
                Found::result);
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
        AxisOrder order = spec.order(file.geometry());
        Input input = Input.of(spec, file, order, limits);
        SlidingWindow windows =
                spec.windows(input.grid, manifest.input().padding().multiple());
        try (Share share = pixels.take(inBudget(input.bytes(spec) + file.readingBytes()))) {
            Volume volume = input.prepared(spec, file.read(Cancellation.NEVER), Cancellation.NEVER);
            int channels = volume.shape().channels();
            share.reduceTo(inBudget(windows.windowBytes(channels)));
            TensorShape shape = spec.shape(channels, windows.window());
            return new ImagePipeline.FirstTile(new FloatTensor(shape, windows.cut(volume, input.grid, 0)), null);
        }
    }

    /**
     * What the model gets of a file.
     *
     * @param stored the places of the voxels in the file, along the model's axes
     * @param resampling null if the volume has the distance of voxels that the model takes
     * @param shape of the volume that is cut into windows
     * @param grid the places of its voxels
     */
    private record Input(
            VolumeShape file,
            AxisOrder.Grid stored,
            @Nullable Resampling resampling,
            VolumeShape shape,
            AxisOrder.Grid grid) {

        static Input whole(VolumeFile file) {
            AxisOrder.Grid stored = AxisOrder.ZYX.grid(file.shape());
            return new Input(file.shape(), stored, null, file.shape(), stored);
        }

        static Input of(VolumeSpec spec, VolumeFile file, AxisOrder order, ImageLimits limits) {
            AxisOrder.Grid stored = order.grid(file.shape());
            Resampling resampling = spec.resampling(file.geometry(), order, stored);
            if (resampling == null) {
                return new Input(file.shape(), stored, null, file.shape(), stored);
            }
            if (resampling.voxels() > limits.maxPixels()
                    || resampling.voxels() * file.shape().channels() > 4.0 * limits.maxPixels()) {
                throw Failure.of(
                                FailureCode.IMAGE_TOO_LARGE,
                                String.format(
                                        Locale.ROOT,
                                        "the volume is %s, and resampled to the model's distance of voxels %s it has %,.0f voxels; at most %,d are accepted (gnserve.limits.max-pixels), and four times as many samples: crop it",
                                        file.shape(),
                                        spec.spacing(),
                                        resampling.voxels(),
                                        limits.maxPixels()))
                        .asException();
            }
            VolumeShape shape = resampling.shape(file.shape().channels());
            return new Input(file.shape(), stored, resampling, shape, AxisOrder.ZYX.grid(shape));
        }

        /** Heap for the values, and for the steps on them. */
        long bytes(VolumeSpec spec) {
            return spec.bytes(shape) + storedBytes();
        }

        /** The part that is free when the volume is prepared. */
        long freeBytes(VolumeSpec spec) {
            return spec.copies(shape) + storedBytes();
        }

        private long storedBytes() {
            return resampling == null ? 0 : Float.BYTES * file.voxels() * file.channels();
        }

        /** Changes the volume, or makes another one. */
        Volume prepared(VolumeSpec spec, Volume volume, Cancellation cancellation) {
            Volume input = resampling == null ? volume : resampling.apply(volume, cancellation);
            spec.prepare(input.values(), shape);
            return input;
        }

        /** Planes of outputs on the grid of the file. */
        WindowBlender.Planes planes(ModelManifest manifest, VolumeSpec spec, VolumeTask.Collector<?> collector) {
            int outputs = manifest.output().channels().size();
            if (resampling == null) {
                return collector::plane;
            }
            WindowBlender.Planes back = resampling.back(spec.back(), outputs, collector::plane);
            return spec.back() == Resampling.Back.NEAREST
                    ? back
                    : (number, values) -> {
                        Tensor plane = Tensor.of(values, outputs, shape.height(), shape.width());
                        back.plane(number, manifest.output().stepped(plane).floats());
                    };
        }

        /** As the collector of the planes takes it. */
        ModelManifest collected(ModelManifest manifest, VolumeSpec spec) {
            boolean stepped = resampling != null && spec.back() == Resampling.Back.LINEAR;
            return stepped ? manifest.withoutOutputSteps() : manifest;
        }
    }

    private <R, T> T run(
            VolumeTask<R> task,
            ModelManifest manifest,
            Inference inference,
            Client client,
            String name,
            VolumeFile file,
            LongFunction<Share> budget,
            ImageStages stages,
            boolean whole,
            Function<Found<R>, T> response) {
        VolumeSpec spec = Objects.requireNonNull(manifest.input().volume(), "the model takes images");
        try {
            Input input = whole ? Input.whole(file) : Input.of(spec, file, spec.order(file.geometry()), limits);
            SlidingWindow windows = whole
                    ? spec.whole(input.grid)
                    : spec.windows(input.grid, manifest.input().padding().multiple());
            long bytes = bytes(task, manifest, spec, input, windows) + file.readingBytes();
            try (Share share = budget.apply(inBudget(bytes))) {
                Prepared<R> prepared = prepared(task, manifest, file, input, client, stages);
                share.reduceTo(inBudget(bytes - file.readingBytes() - input.freeBytes(spec)));
                Run run = new Run(manifest, inference.ofOneRequest(), client, prepared.volume, input.grid, windows);
                run.through(input.planes(manifest, spec, prepared.collector));
                long began = System.nanoTime() - run.collecting;
                R result = prepared.collector.finish(client.cancelling("the separation of objects"));
                Duration postprocess = stages.took(ImageStage.Name.POSTPROCESS, began);
                Timing timing = run.timing(prepared.decode, prepared.prepare, postprocess);
                stages.completed(timing);
                return response.apply(new Found<>(name, result, timing));
            }
        } catch (OutOfMemoryError e) {
            throw pixels.heapTooSmall(e).asException();
        }
    }

    /** A volume as the model takes it, and what collects the outputs for the one in the file. */
    private record Prepared<R>(Volume volume, VolumeTask.Collector<R> collector, Duration decode, Duration prepare) {}

    private static <R> Prepared<R> prepared(
            VolumeTask<R> task,
            ModelManifest manifest,
            VolumeFile file,
            Input input,
            Client client,
            ImageStages stages) {
        Cancellation cancellation = client.cancelling("decoding");
        long began = System.nanoTime();
        Volume stored = file.read(cancellation);
        Duration decode = stages.took(ImageStage.Name.DECODE, began);
        began = System.nanoTime();
        VolumeSpec spec = Objects.requireNonNull(manifest.input().volume(), "the model takes images");
        VolumeTask.Collector<R> collector = task.collector(input.collected(manifest, spec), stored, input.stored);
        Volume volume = input.prepared(spec, stored, cancellation);
        return new Prepared<>(volume, collector, decode, stages.took(ImageStage.Name.PREPROCESS, began));
    }

    private static long inBudget(long bytes) {
        return bytes / PixelBudget.BYTES_PER_PIXEL + 1;
    }

    /** Heap from the values to the response. */
    private static long bytes(
            VolumeTask<?> task, ModelManifest manifest, VolumeSpec spec, Input input, SlidingWindow windows) {
        VolumeShape shape = input.shape;
        int outputs = manifest.output().channels().size();
        long blending = windows.bytes(outputs);
        if (blending / (outputs + 1) / Float.BYTES > LONGEST_ARRAY) {
            throw Failure.of(
                            FailureCode.IMAGE_TOO_LARGE,
                            "a slab of the volume (%s) as thick as a window has more than %,d voxels: crop the volume"
                                    .formatted(shape, LONGEST_ARRAY))
                    .asException();
        }
        long mapped = mapped(input, outputs, spec);
        long inFlight = InputsInFlight.limit(manifest) * windows.windowBytes(shape.channels() + outputs);
        long response = task.responseBytes(manifest, input.file);
        return input.bytes(spec) + Math.max(blending + mapped + inFlight, response) + task.bytes(manifest, input.file);
    }

    /** A plane of outputs in the file, and a copy of it or two planes between which it is, where the volume is resampled. */
    private static long mapped(Input input, int outputs, VolumeSpec spec) {
        if (input.resampling == null) {
            return 0;
        }
        long values = (long) outputs * input.stored.sizes()[1] * input.stored.sizes()[2];
        if (values > LONGEST_ARRAY) {
            throw Failure.of(
                            FailureCode.IMAGE_TOO_LARGE,
                            "a plane of the volume (%s) with %d outputs for each voxel has more than %,d values: crop the volume"
                                    .formatted(input.file, outputs, LONGEST_ARRAY))
                    .asException();
        }
        long between = 2L * outputs * input.shape.height() * input.shape.width();
        return Float.BYTES * (values + (spec.back() == Resampling.Back.NEAREST ? values : between));
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

        void through(WindowBlender.Planes planes) {
            int outputs = manifest.output().channels().size();
            WindowBlender blender = new WindowBlender(windows, outputs, planes);
            VolumeSpec spec = Objects.requireNonNull(manifest.input().volume(), "the model takes images");
            TensorShape given = spec.shape(volume.shape().channels(), windows.window());
            TensorShape expected = spec.shape(outputs, windows.window());
            InputsInFlight inputs = new InputsInFlight(
                    windows.count(),
                    InputsInFlight.limit(manifest),
                    index -> {
                        long began = System.nanoTime();
                        float[] cut = windows.cut(volume, grid, index);
                        cutting = cutting.plusNanos(System.nanoTime() - began);
                        return inference.infer(new FloatTensor(given, cut), client.deadline());
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
