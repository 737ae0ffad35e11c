package dev.gnserve.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.tomcat.util.threads.TaskQueue;
import org.apache.tomcat.util.threads.ThreadPoolExecutor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LimitedThreadsTest {

    /** As the JVM does at the limit of its control group. */
    @Test
    void whatIsAskedWhenNoMoreThreadsCanBeStartedIsDoneByThoseThatExist() throws InterruptedException {
        AtomicInteger started = new AtomicInteger();
        TaskQueue queue = new TaskQueue();
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(1, 10, 1, TimeUnit.MINUTES, queue, task -> new Thread(task, "request") {
                    @Override
                    public synchronized void start() {
                        if (started.incrementAndGet() > 3) {
                            throw new OutOfMemoryError("unable to create native thread");
                        }
                        super.start();
                    }
                });
        queue.setParent(pool);
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(8);
        LimitedThreads threads = new LimitedThreads(pool, new SlowClients(100, Duration.ofMinutes(1)));

        for (int i = 0; i < 8; i++) {
            threads.execute(() -> {
                try {
                    release.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                done.countDown();
            });
        }
        release.countDown();

        done.await();
        assertThat(pool.getMaximumPoolSize()).isLessThan(10);
        pool.shutdown();
    }
}
