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
 * The end of the service, before the web server's own: Spring takes readiness off, then for a pause everything goes on, so
 * that balancers notice; then new work is refused while what was accepted is finished. Only then the web server
 * closes.
 *
 * <p>From the pause on, answers end their connection. A client that keeps one open would otherwise send a request into the
 * very moment in which it is closed, and could not know whether it was taken.
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
     * Without arrivals for so long, everybody who asks has heard that it is over. A request that comes when the web server
     * closes may lie in the kernel's line for accepted connections, where it gets no answer.
     */
    private static final Duration QUIET = Duration.ofMillis(300);

    /** Who asks again and again although it is refused does not hold up the end for longer. */
    private static final Duration LONGEST_NOISE = Duration.ofSeconds(2);

    private final ModelRepository repository;
    private final ApplicationEventPublisher events;
    private final Duration pause;
    private final Duration drainTime;
    private final Object lock = new Object();
    private Phase phase = Phase.SERVING; // guarded by lock, as what follows
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
        String detail = "The service finishes what it accepted and takes no new work. Ask another replica.";
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
            if (!awaitAnswers()) {
                // What is left gets its answer now, a failure, so that the process ends in its time.
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

    private boolean awaitAnswers() throws InterruptedException {
        long until = System.nanoTime() + drainTime.toNanos();
        synchronized (lock) {
            for (long left = until - System.nanoTime(); inFlight > 0 && left > 0; left = until - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(lock, left);
            }
            if (inFlight > 0) {
                log.warn("{} requests are not answered after {}", inFlight, drainTime);
            }
            return inFlight == 0;
        }
    }

    private void awaitQuiet() throws InterruptedException {
        long until = System.nanoTime() + LONGEST_NOISE.toNanos();
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

    /** Starts last and stops first, before the web server stops listening. */
    @Override
    public int getPhase() {
        return DEFAULT_PHASE;
    }
}
