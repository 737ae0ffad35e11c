package dev.gnserve.bulk;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.DecodeFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Makes a result or a problem for every image or volume in a folder that has no result yet. Used once. */
public final class BulkJob {

    /** Processes an image. Called by several threads. */
    @FunctionalInterface
    public interface Processor {

        /**
         * The result for one image.
         *
         * @param name of the image, relative to the folder
         * @throws FailureException if the image fails
         */
        Result process(String name, byte[] image);
    }

    /** Processes a volume. Called by several threads. */
    @FunctionalInterface
    public interface VolumeProcessor {

        /**
         * The result for one volume.
         *
         * @param name of the volume, relative to the folder
         * @param file or folder with the volume
         * @throws FailureException if the volume fails
         */
        Result process(String name, Path file);
    }

    /**
     * The result for one image.
     *
     * @param json the document
     * @param picture PNG, or null
     */
    @SuppressWarnings("ArrayRecordComponent") // Written once, compared never.
    public record Result(byte[] json, byte @Nullable [] picture) {}

    /** Makes the problem document for an image that failed. */
    @FunctionalInterface
    public interface ProblemWriter {

        byte[] json(String name, Failure failure);
    }

    /**
     * The end of a job.
     *
     * @param images of this shard, with what cannot be read
     * @param before images with a result of an earlier job
     * @param done images with a result of this job
     * @param failed code and detail of the failure of each image that failed, by its name; the next job tries them again
     * @param seconds that the job took
     * @param passedOver how many files of the whole folder are no images by their ending, by that ending
     * @param empty whether the whole folder, not only the shard, has no image
     */
    public record Summary(
            int images,
            int before,
            int done,
            Map<String, String> failed,
            double seconds,
            Map<String, Integer> passedOver,
            boolean empty) {}

    private static final Duration LONGEST_END = Duration.ofSeconds(10);

    private final Path in;
    private final ResultFiles results;
    private final boolean volumes;
    private final VolumeProcessor processor;
    private final ProblemWriter problems;

    /**
     * A job from one folder to another.
     *
     * @param in images, at any depth
     * @param out for the results, in the same folders
     * @param withPictures whether an image whose result has no picture is processed again
     */
    public BulkJob(Path in, Path out, boolean withPictures, Processor processor, ProblemWriter problems) {
        this(in, out, withPictures, false, (name, file) -> processor.process(name, read(file)), problems);
    }

    /** The same with volumes: files, and folders of Zarr. */
    public static BulkJob ofVolumes(
            Path in, Path out, boolean withPictures, VolumeProcessor processor, ProblemWriter problems) {
        return new BulkJob(in, out, withPictures, true, processor, problems);
    }

    private BulkJob(
            Path in,
            Path out,
            boolean withPictures,
            boolean volumes,
            VolumeProcessor processor,
            ProblemWriter problems) {
        this.volumes = volumes;
        this.in = in;
        this.results = new ResultFiles(out, withPictures);
        this.processor = processor;
        this.problems = problems;
    }

    /**
     * Runs the job and waits for its end.
     *
     * @param threads images at the same time
     * @param onBegin receives the number of images without a result
     * @param onImage receives the name of every image that is done or failed
     * @throws IOException with the name of a file that cannot be written, or if no image can be read; results that are complete remain
     */
    public Summary run(Shard shard, int threads, IntConsumer onBegin, Consumer<String> onImage)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        ImageFiles found = ImageFiles.in(in, volumes);
        List<String> images = found.names().stream().filter(shard::has).toList();
        List<String> open = images.stream().filter(name -> !results.has(name)).toList();
        onBegin.accept(open.size());
        Map<String, String> failed = new TreeMap<>();
        List<String> overloaded = new ArrayList<>();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            ExecutorCompletionService<Ended> ended = new ExecutorCompletionService<>(pool);
            open.forEach(name -> ended.submit(() -> process(name)));
            for (int i = 0; i < open.size(); i++) {
                Ended one = ended.take().get();
                if (one.failure() != null && one.failure().code() == FailureCode.OVERLOADED) {
                    overloaded.add(one.name());
                } else {
                    record(one, failed, onImage);
                }
            }
            // Images that are too large beside others: alone, each has the whole budget.
            for (String name : overloaded) {
                record(process(name), failed, onImage);
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            pool.shutdownNow();
            // What is being written becomes whole or goes.
            boolean unused = pool.awaitTermination(LONGEST_END.toMillis(), TimeUnit.MILLISECONDS);
        }
        int done = open.size() - failed.size();
        Map<String, String> unreadable = new TreeMap<>(found.unreadable());
        unreadable.keySet().removeIf(name -> !shard.has(name));
        unreadable.forEach((name, why) -> failed.put(name, FailureCode.IMAGE_UNDECODABLE + ": " + why));
        return new Summary(
                images.size() + unreadable.size(),
                images.size() - open.size(),
                done,
                failed,
                (System.nanoTime() - start) / 1e9,
                found.passedOver(),
                found.names().isEmpty() && found.unreadable().isEmpty());
    }

    /**
     * The bytes of a file.
     *
     * @throws FailureException IMAGE_UNDECODABLE, UPLOAD_TOO_LARGE if it does not fit into memory
     */
    public static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new FailureException(FailureCode.IMAGE_UNDECODABLE, "the file cannot be read: " + e, e);
        } catch (OutOfMemoryError e) {
            throw new FailureException(FailureCode.UPLOAD_TOO_LARGE, "the file does not fit into memory: " + e, e);
        }
    }

    private record Ended(String name, @Nullable Failure failure) {}

    private Ended process(String name) throws IOException {
        String flaw = results.flaw(name);
        if (flaw != null) {
            return new Ended(name, Failure.of(FailureCode.INVALID_REQUEST, flaw));
        }
        try {
            Result result = processor.process(name, in.resolve(name));
            results.put(name, result.json(), result.picture());
            return new Ended(name, null);
        } catch (FailureException | OutOfMemoryError e) {
            Failure failure = DecodeFailure.of(name, e);
            if (failure.code() != FailureCode.OVERLOADED) {
                results.putProblem(name, problems.json(name, failure));
            }
            return new Ended(name, failure);
        } catch (RuntimeException e) {
            return new Ended(name, Failure.of(FailureCode.ENGINE_FAULT, "unexpected: " + e, e));
        }
    }

    private static void record(Ended image, Map<String, String> failed, Consumer<String> onImage) {
        Failure failure = image.failure();
        if (failure != null) {
            failed.put(image.name(), failure.code() + ": " + failure.detail());
        }
        onImage.accept(image.name());
    }
}
