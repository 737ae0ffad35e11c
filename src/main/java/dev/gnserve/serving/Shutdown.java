package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.pipeline.RequestCompleted;
import dev.gnserve.problem.Problems;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.HandlerInterceptor;

/**
 * Shuts the service down in steps. Spring takes readiness off. For the time of {@code gnserve.shutdown-pause}, requests are still
 * accepted, so that load balancers can notice. Then new requests are refused while the accepted ones finish. Then the web server
 * closes.
 *
 * <p>From the pause on, each response closes its connection. Otherwise a client could send a request on a connection that is just being
 * closed, and would not know whether it was accepted.
 *
 * <p>Thread-safe: request threads and the thread that stops the application share the state under one lock.
 */
@Component
final class Shutdown implements SmartLifecycle, HandlerInterceptor {

    private static final Logger log = LoggerFactory.getLogger(Shutdown.class);

    private enum Phase {
        SERVING,
        PAUSING,
        REFUSING
    }

    /**
     * The web server closes when no request has arrived for this time: a request that arrives while it closes may get no response, if
     * its connection still waits in the kernel's accept queue.
     */
    private static final Duration QUIET = Duration.ofMillis(300);

    /** The longest wait for {@link #QUIET}, for clients that send again although they are refused. */
    private static final Duration LONGEST_QUIET_WAIT = Duration.ofSeconds(2);

    private final ModelRepository repository;
    private final ApplicationEventPublisher events;
    private final Duration pause;
    private final Duration drainTime;
    private final Object lock = new Object();
    private Phase phase = Phase.SERVING; // guarded by lock, as the fields below
    private int inFlight;
    private long lastArrivalNanos = System.nanoTime();
    private boolean running;

    Shutdown(ModelRepository repository, ServingSettings settings, ApplicationEventPublisher events) {
        this.repository = repository;
        this.events = events;
        this.pause = settings.shutdownPause();
        this.drainTime = settings.drainTime();
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
            throws IOException {
        synchronized (lock) {
            lastArrivalNanos = System.nanoTime();
            if (phase != Phase.SERVING) {
                response.setHeader("Connection", "close");
            }
            if (phase != Phase.REFUSING) {
                inFlight++;
                return true;
            }
        }
        events.publishEvent(new RequestCompleted(null, null, FailureCode.SHUTTING_DOWN));
        String detail =
                "The service is shutting down and accepts no new requests. Send the request to another replica.";
        Problems.write(Failure.of(FailureCode.SHUTTING_DOWN, detail), request, response);
        return false;
    }

    @Override
    public void afterCompletion(
            HttpServletRequest request, HttpServletResponse response, Object handler, @Nullable Exception thrown) {
        synchronized (lock) {
            inFlight--;
            lock.notifyAll();
        }
    }

    @Override
    public void start() {
        synchronized (lock) {
            phase = Phase.SERVING;
            running = true;
        }
    }

    @Override
    public void stop() {
        try {
            enter(Phase.PAUSING);
            TimeUnit.NANOSECONDS.sleep(pause.toNanos());
            enter(Phase.REFUSING);
            if (!awaitResponses()) {
                // The remaining requests fail now, so that the process ends in time.
                repository.close(Duration.ZERO);
            }
            awaitQuiet();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        synchronized (lock) {
            running = false;
        }
    }

    private void enter(Phase next) {
        synchronized (lock) {
            phase = next;
            log.info("Shutting down: {}, {} requests in flight", next, inFlight);
        }
    }

    private boolean awaitResponses() throws InterruptedException {
        long until = System.nanoTime() + drainTime.toNanos();
        synchronized (lock) {
            for (long left = until - System.nanoTime(); inFlight > 0 && left > 0; left = until - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(lock, left);
            }
            if (inFlight > 0) {
                log.warn("{} requests are not finished after {}", inFlight, drainTime);
            }
            return inFlight == 0;
        }
    }

    private void awaitQuiet() throws InterruptedException {
        long until = System.nanoTime() + LONGEST_QUIET_WAIT.toNanos();
        synchronized (lock) {
            long now = System.nanoTime();
            while (now - lastArrivalNanos < QUIET.toNanos() && now < until) {
                TimeUnit.NANOSECONDS.timedWait(lock, lastArrivalNanos + QUIET.toNanos() - now);
                now = System.nanoTime();
            }
        }
    }

    @Override
    public boolean isRunning() {
        synchronized (lock) {
            return running;
        }
    }

    /** Stops first, before the web server stops listening. */
    @Override
    public int getPhase() {
        return DEFAULT_PHASE;
    }
}
