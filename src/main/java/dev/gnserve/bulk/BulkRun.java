package dev.gnserve.bulk;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One pass over a folder of images: every one that has no result yet gets one, or a problem. */
public final class BulkRun {

    /**
     * What finds something in an image. Called by several threads.
     */
    @FunctionalInterface
    public interface Finder {

        /**
         * The answer for one image.
         *
         * @param name of the image, relative to the folder
         * @throws FailureException why there is none
         */
        Answer find(String name, byte[] image);
    }

    /**
     * What was found in an image.
     *
     * @param json the document
     * @param picture PNG, or null
     */
    @SuppressWarnings("ArrayRecordComponent") // Written once, compared never.
    public record Answer(byte[] json, byte @Nullable [] picture) {}

    /** The document for an image that could not be answered. */
    @FunctionalInterface
    public interface ProblemWriter {

        byte[] json(String name, Failure failure);
    }

    /**
     * What came of a run.
     *
     * @param images of this part, done before or not
     * @param before done before this run
     * @param done in this run
     * @param failed why nothing was found, by name; they are tried again by the next run
     * @param seconds that the run took
     */
    public record Summary(int images, int before, int done, Map<String, String> failed, double seconds) {}

    private final Path in;
    private final Results results;
    private final Finder finder;
    private final ProblemWriter problems;

    /** Makes a run from one folder to another. */
    public BulkRun(Path in, Path out, Finder finder, ProblemWriter problems) {
        this.in = in;
        this.results = new Results(out);
        this.finder = finder;
        this.problems = problems;
    }

    /**
     * Runs.
     *
     * @param threads images at the same time
     * @param begun is told how many images there are to be done
     * @param progress is told the name of every image that is done or failed
     * @throws IOException telling which file or folder cannot be read, or which result cannot be written; what is complete
     *     stays
     */
    public Summary run(Shard shard, int threads, Consumer<Integer> begun, Consumer<String> progress)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        List<String> images = Images.in(in).stream().filter(shard::has).toList();
        List<String> open = images.stream().filter(name -> !results.has(name)).toList();
        begun.accept(open.size());
        Map<String, String> failed = new TreeMap<>();
        List<String> crowdedOut = new ArrayList<>();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            ExecutorCompletionService<Ended> ended = new ExecutorCompletionService<>(pool);
            open.forEach(name -> ended.submit(() -> end(name)));
            for (int i = 0; i < open.size(); i++) {
                Ended one = ended.take().get();
                if (one.code() == FailureCode.OVERLOADED) {
                    crowdedOut.add(one.name());
                    continue;
                }
                if (one.code() != null) {
                    failed.put(one.name(), one.detail());
                }
                progress.accept(one.name());
            }
            // Too large beside others: alone they have all the room there is.
            for (String name : crowdedOut) {
                Ended one = end(name);
                if (one.code() != null) {
                    failed.put(one.name(), one.detail());
                }
                progress.accept(name);
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } finally {
            pool.shutdownNow();
        }
        return new Summary(
                images.size(),
                images.size() - open.size(),
                open.size() - failed.size(),
                failed,
                (System.nanoTime() - start) / 1e9);
    }

    private byte[] read(String name) throws IOException {
        try {
            return Files.readAllBytes(in.resolve(name));
        } catch (IOException e) {
            throw new IOException(in.resolve(name) + " cannot be read: " + e, e);
        }
    }

    private record Ended(String name, @Nullable FailureCode code, String detail) {}

    private Ended end(String name) throws IOException {
        Failure failure;
        try {
            Answer answer = finder.find(name, read(name));
            results.put(name, answer.json(), answer.picture());
            return new Ended(name, null, "");
        } catch (FailureException e) {
            failure = e.failure();
        }
        if (failure.code() != FailureCode.OVERLOADED) {
            results.putProblem(name, problems.json(name, failure));
        }
        return new Ended(name, failure.code(), failure.code() + ": " + failure.detail());
    }
}
