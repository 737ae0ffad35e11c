package dev.gnserve.workshop.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/** Several threads, each doing the same thing again and again; measured after everything has become warm. */
final class Rush {

    private static final int WARM_UP_SECONDS = 3;

    /** Of each time. */
    private static final int DIGITS = 4;

    private Rush() {}

    /**
     * Runs for three seconds of warm-up and then as long as asked for.
     *
     * @param work made once per thread, on that thread
     * @return how many nanoseconds each run took that began in the measured time
     * @throws IllegalStateException if none began then
     */
    static Histogram of(int threads, int seconds, Callable<? extends Callable<?>> work)
            throws InterruptedException, ExecutionException {
        return of(threads, WARM_UP_SECONDS, seconds, work);
    }

    /** Likewise, with another time of warm-up. */
    static Histogram of(int threads, int warmUpSeconds, int seconds, Callable<? extends Callable<?>> work)
            throws InterruptedException, ExecutionException {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            long begin = System.nanoTime() + warmUpSeconds * 1_000_000_000L;
            long end = begin + seconds * 1_000_000_000L;
            List<Future<Histogram>> measuring = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                measuring.add(executor.submit(() -> repeat(work.call(), begin, end)));
            }
            Histogram all = new Histogram(DIGITS);
            for (Future<Histogram> one : measuring) {
                all.add(one.get());
            }
            if (all.getTotalCount() == 0) {
                throw new IllegalStateException("no run began in the measured time: one takes longer than that");
            }
            return all;
        } finally {
            executor.shutdown();
        }
    }

    private static Histogram repeat(Callable<?> work, long begin, long end) throws Exception {
        Histogram nanos = new Histogram(DIGITS);
        for (long now = System.nanoTime(); now < end; ) {
            long started = now;
            work.call();
            now = System.nanoTime();
            if (started >= begin) {
                nanos.recordValue(now - started);
            }
        }
        return nanos;
    }
}
