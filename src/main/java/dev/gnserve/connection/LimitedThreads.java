package dev.gnserve.connection;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.apache.tomcat.util.threads.RetryableQueue;
import org.apache.tomcat.util.threads.ThreadPoolExecutor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tomcat's threads where the process or its container may start fewer threads than Tomcat may use. Tomcat's selector would die of the
 * error, and answer no client any more. Here the threads that exist answer all requests. A few of them end, so that others than Tomcat
 * can start threads.
 *
 * @param slow fewer threads may wait for clients, too
 */
record LimitedThreads(ThreadPoolExecutor pool, SlowClients slow) implements Executor {

    private static final Logger log = LoggerFactory.getLogger(LimitedThreads.class);

    /** Threads that are left for others: the engine, the loading of models, the shutdown. */
    private static final int LEFT = 16;

    @Override
    public void execute(Runnable task) {
        try {
            pool.execute(task);
        } catch (OutOfMemoryError noThread) {
            shrink(noThread);
            if (!(pool.getQueue() instanceof RetryableQueue<Runnable> queue) || !queue.force(task)) {
                throw new RejectedExecutionException(noThread);
            }
        }
    }

    private void shrink(OutOfMemoryError noThread) {
        int most = Math.max(pool.getCorePoolSize(), pool.getPoolSize() - LEFT);
        if (most < pool.getMaximumPoolSize()) {
            log.warn(
                    "Requests have {} threads from now on, as no more can be started: {}", most, noThread.getMessage());
            pool.setMaximumPoolSize(most);
            slow.lower(Math.max(1, most / 2));
        }
    }
}
