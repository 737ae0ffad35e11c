package dev.gnserve.workshop.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.LongStream;

/** Several threads, each doing the same thing again and again; measured after everything has become warm. */
final class Rush {

    private static final long WARM_UP_NANOS = 3_000_000_000L;

    private Rush() {}

    /**
     * Runs for three seconds of warm-up and then as long as asked for.
     *
     * @param work made once per thread, on that thread
     * @return how long each run took that began in the measured time
     */
    static long[] of(int threads, int seconds, Callable<? extends Callable<?>> work)
            throws InterruptedException, ExecutionException {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            long begin = System.nanoTime() + WARM_UP_NANOS;
            long end = begin + seconds * 1_000_000_000L;
            List<Future<List<Long>>> measuring = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                measuring.add(executor.submit(() -> repeat(work.call(), begin, end)));
            }
            LongStream.Builder all = LongStream.builder();
            for (Future<List<Long>> one : measuring) {
                one.get().forEach(all::add);
            }
            return all.build().toArray();
        } finally {
            executor.shutdown();
        }
    }

    private static List<Long> repeat(Callable<?> work, long begin, long end) throws Exception {
        List<Long> nanos = new ArrayList<>();
        for (long now = System.nanoTime(); now < end; ) {
            long started = now;
            work.call();
            now = System.nanoTime();
            if (started >= begin) {
                nanos.add(now - started);
            }
        }
        return nanos;
    }
}
