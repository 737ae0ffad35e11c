package dev.gnserve.jobs;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.pipeline.ClientConnection;
import dev.gnserve.problem.LogText;
import dev.gnserve.problem.Problem;
import dev.gnserve.problem.Problems;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * All jobs of the service, and the threads that run them. Thread-safe.
 *
 * <p>A worker has the request of a job answered as if its client waited. If the service refuses it for a moment (429, or 503 with
 * Retry-After), the worker tries again. When the process stops, jobs that are not finished stay on disk and run after the next start.
 */
@Component
@ConditionalOnProperty("gnserve.jobs.dir")
public final class Jobs implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Jobs.class);
    private static final JsonMapper JSON = new JsonMapper();

    /** After so much time of refusals, the last one is the answer. */
    private static final Duration LONGEST_REFUSAL = Duration.ofHours(1);

    /** A job that ends its process each time must not keep the service from serving. */
    private static final int MOST_CUT_OFF = 5;

    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);
    private static final Duration SWEEP = Duration.ofMinutes(1);
    private static final Duration LONGEST_STOP = Duration.ofSeconds(5);

    private final JobSettings settings;
    private final JobStore store;
    private final InstantSource clock;
    private final ApplicationEventPublisher events;
    private final Map<String, Job> jobs = new ConcurrentHashMap<>();
    private final BlockingQueue<Job> waiting = new LinkedBlockingQueue<>();
    private final Semaphore places; // for jobs that wait or run
    private final Semaphore room; // for all jobs, negative if the folder had more at start
    private final SecureRandom random = new SecureRandom();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopping;

    /** Has the request of a job answered. */
    @FunctionalInterface
    interface Runner {

        Replay.Answered answer(Job job, JobStore.Answer answer, ClientConnection client) throws Exception;
    }

    @Autowired
    Jobs(JobSettings settings, ApplicationEventPublisher events) throws IOException {
        this(settings, InstantSource.system(), events);
    }

    Jobs(JobSettings settings, InstantSource clock, ApplicationEventPublisher events) throws IOException {
        this.settings = settings;
        this.store = JobStore.open(
                Objects.requireNonNull(settings.dir()), settings.maxBytes().toBytes());
        this.clock = clock;
        this.events = events;
        int unfinished = 0;
        for (Job job : store.load()) {
            jobs.put(job.id(), job);
            if (job.outcome() == null) {
                waiting.add(job);
                unfinished++;
            }
        }
        this.places = new Semaphore(settings.max() - unfinished);
        this.room = new Semaphore(settings.maxKept() - jobs.size());
        log.info("Jobs in {}: {}, of which {} are to run", settings.dir(), jobs.size(), unfinished);
        sweep();
    }

    // ---- What clients ask for ----

    /**
     * Keeps a request to be answered later.
     *
     * @throws dev.gnserve.failure.FailureException OVERLOADED if there are too many jobs of any state, or too many bytes, or the disk is full
     */
    JobDescription submit(StoredRequest request, byte[] upload) {
        sweep();
        if (!places.tryAcquire()) {
            throw full("%,d jobs wait or run, the limit (gnserve.jobs.max). Submit again when some have finished."
                    .formatted(settings.max()));
        }
        if (!room.tryAcquire()) {
            places.release();
            throw full(
                    "%,d jobs are kept, the limit (gnserve.jobs.max-kept). Delete jobs whose results you have, or try again when some have expired."
                            .formatted(settings.maxKept()));
        }
        boolean kept = false;
        try {
            byte[] id = new byte[16];
            random.nextBytes(id);
            Job job = store.create(HexFormat.of().formatHex(id), request, upload);
            kept = true;
            jobs.put(job.id(), job);
            JobDescription accepted = job.describe(settings.keep());
            waiting.add(job);
            return accepted;
        } catch (JobStore.FullException e) {
            throw full(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            log.error("A job cannot be written to gnserve.jobs.dir", e);
            throw full("The job cannot be written to gnserve.jobs.dir: " + e.getMessage()
                    + ". Delete jobs whose results you have, or send the request without Prefer: respond-async.");
        } finally {
            if (!kept) {
                places.release();
                room.release();
            }
        }
    }

    private static RuntimeException full(String detail) {
        return new Failure(FailureCode.OVERLOADED, detail, LONGEST_PAUSE, null).asException();
    }

    /**
     * Jobs that a client may see, the newest first.
     *
     * @param key id of the client's key; null without keys, for all jobs
     */
    List<JobDescription> list(@Nullable String key) {
        sweep();
        return jobs.values().stream()
                .filter(job -> isVisible(job, key))
                .map(job -> job.describe(settings.keep()))
                .sorted(Comparator.comparing(JobDescription::submitted).reversed())
                .toList();
    }

    /** @throws dev.gnserve.failure.FailureException JOB_NOT_FOUND */
    JobDescription get(String id, @Nullable String key) {
        return find(id, key).describe(settings.keep());
    }

    /**
     * A finished job with its answer. The caller closes the body.
     *
     * @throws dev.gnserve.failure.FailureException JOB_NOT_FOUND or JOB_NOT_FINISHED
     */
    Result result(String id, @Nullable String key) throws IOException {
        Job job = find(id, key);
        JobOutcome outcome = job.outcome();
        if (outcome == null || outcome.status() == 0) {
            String problem = outcome == null || outcome.problem() == null
                    ? ""
                    : ": " + outcome.problem().detail();
            throw Failure.of(
                            FailureCode.JOB_NOT_FINISHED,
                            "The job is %s and has no result%s. GET /v1/jobs/%s says how far it is."
                                    .formatted(job.state(), problem, id))
                    .asException();
        }
        try {
            return new Result(outcome, Files.newInputStream(store.answer(job)));
        } catch (NoSuchFileException e) {
            throw notFound(id); // It has just expired.
        }
    }

    record Result(JobOutcome outcome, InputStream body) {}

    /**
     * Cancels a job that is not finished, or deletes one that is.
     *
     * @throws dev.gnserve.failure.FailureException JOB_NOT_FOUND
     */
    void delete(String id, @Nullable String key) {
        Job job = find(id, key);
        JobOutcome cancelled = JobOutcome.without(JobState.CANCELLED, job.started(), clock.instant(), null);
        if (!end(job, cancelled)) {
            remove(job);
        }
    }

    private void remove(Job job) {
        if (jobs.remove(job.id()) != null) {
            store.delete(job);
            room.release();
        }
    }

    private Job find(String id, @Nullable String key) {
        Job job = jobs.get(id);
        if (job == null || expires(job) || !isVisible(job, key)) {
            throw notFound(id);
        }
        return job;
    }

    private static RuntimeException notFound(String id) {
        return Failure.of(
                        FailureCode.JOB_NOT_FOUND,
                        "There is no job '%s'. It has expired (gnserve.jobs.keep), was deleted, was submitted with another API key, or never was."
                                .formatted(id.length() <= 64 ? id : id.substring(0, 64) + "..."))
                .asException();
    }

    private static boolean isVisible(Job job, @Nullable String key) {
        return key == null || key.equals(job.request().owner());
    }

    /** How many jobs have a state. */
    public long count(JobState state) {
        return jobs.values().stream().filter(job -> job.state() == state).count();
    }

    /** Deletes the jobs that have expired. */
    private void sweep() {
        jobs.values().forEach(this::expires);
    }

    /** Deletes a job if it has expired. Returns whether it has. */
    private boolean expires(Job job) {
        JobOutcome outcome = job.outcome();
        if (outcome == null || clock.instant().isBefore(outcome.finished().plus(settings.keep()))) {
            return false;
        }
        remove(job);
        return true;
    }

    // ---- The workers ----

    /** Starts to run jobs, when the web server answers requests. */
    @EventListener
    void start(ApplicationReadyEvent ready) {
        Replay replay = Replay.of(ready.getApplicationContext());
        start((job, answer, client) -> replay.answer(job.request(), store.upload(job), answer, client));
    }

    void start(Runner runner) {
        for (int i = 1; i <= settings.workers(); i++) {
            thread("job-" + i, () -> run(waiting.take(), runner));
        }
        thread("job-expiry", () -> {
            TimeUnit.MILLISECONDS.sleep(Math.min(settings.keep().toMillis(), SWEEP.toMillis()));
            sweep();
        });
    }

    private interface Step {

        void run() throws InterruptedException;
    }

    private void thread(String name, Step step) {
        Thread thread = new Thread(
                () -> {
                    try {
                        while (!stopping) {
                            step.run();
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt(); // The service stops.
                    }
                },
                name);
        thread.setDaemon(true);
        threads.add(thread);
        thread.start();
    }

    /** Runs a job until it is finished, or the service stops. */
    private void run(Job job, Runner runner) throws InterruptedException {
        if (job.cutOff() >= MOST_CUT_OFF) {
            fail(
                    job,
                    Failure.of(
                            FailureCode.ENGINE_FAULT,
                            "The process of the service ended %d times while this job ran. It is not tried again."
                                    .formatted(job.cutOff())));
        }
        long until = System.nanoTime() + LONGEST_REFUSAL.toNanos();
        while (!stopping && job.outcome() == null) {
            job.runs(clock.instant());
            Duration pause = attempt(job, runner, System.nanoTime() - until < 0);
            if (pause != null) {
                job.await(pause);
            }
        }
    }

    /** Runs a job once. Returns how long to wait for the next attempt; null if the job is finished or the service stops. */
    private @Nullable Duration attempt(Job job, Runner runner, boolean again) {
        JobStore.Answer answer = null;
        boolean kept = false;
        try {
            answer = store.startAnswer(job);
            store.runBegins(job);
            Replay.Answered answered;
            try (JobStore.Answer body = answer) {
                answered = runner.answer(job, body, connection(job));
            } finally {
                store.runEnds(job);
            }
            if (stopping || job.outcome() != null) {
                return null;
            }
            if (answer.failure() != null) {
                throw answer.failure();
            }
            Duration pause = again ? refusal(answered) : null;
            if (pause == null) {
                kept = finish(job, outcome(job, answered, answer.bytes()));
            }
            return pause;
        } catch (Exception | Error e) {
            if (!stopping && job.outcome() == null) {
                if (answer != null) {
                    store.drop(job, answer); // Which makes room for the end of the job.
                }
                fail(job, e);
            }
            return null;
        } finally {
            if (answer != null && !kept && !stopping) { // Later, the folder may belong to another process.
                store.drop(job, answer);
            }
        }
    }

    /** To the request, a job that is cancelled looks like a client that goes away. */
    private ClientConnection connection(Job job) {
        return new ClientConnection() {
            @Override
            public boolean isClosed() {
                return stopping || job.outcome() != null;
            }

            @Override
            public void expects(int inputs) {
                job.expects(inputs);
            }

            @Override
            public void inputDone() {
                job.inputDone();
            }
        };
    }

    /** How long to wait if the answer is a refusal for a moment; null for any other answer. */
    private static @Nullable Duration refusal(Replay.Answered answered) {
        String retryAfter = answered.headers().get("Retry-After");
        boolean momentary = answered.status() == 429 || (answered.status() == 503 && retryAfter != null);
        if (!momentary) {
            return null;
        }
        long seconds = retryAfter == null ? 1 : Long.parseLong(retryAfter);
        return Duration.ofSeconds(Math.max(1, Math.min(seconds, LONGEST_PAUSE.toSeconds())));
    }

    private JobOutcome outcome(Job job, Replay.Answered answered, long bytes) {
        boolean failed = answered.status() >= 400;
        return new JobOutcome(
                failed ? JobState.FAILED : JobState.SUCCEEDED,
                job.started(),
                clock.instant(),
                answered.status(),
                answered.headers(),
                failed ? problem(job) : null,
                bytes);
    }

    private @Nullable Problem problem(Job job) {
        try {
            return JSON.readValue(Files.readAllBytes(store.answer(job)), Problem.class);
        } catch (IOException | JacksonException e) {
            log.debug("The answer of job {} is no problem document", job.id(), e);
            return null;
        }
    }

    private void fail(Job job, Throwable cause) {
        if (cause instanceof JobStore.FullException) {
            fail(job, Failure.of(FailureCode.OVERLOADED, "The answer has no room: " + cause.getMessage(), cause));
            return;
        }
        String what = cause instanceof IOException
                ? "A file of this job in gnserve.jobs.dir cannot be read or written."
                : "The service failed on this job.";
        fail(
                job,
                Failure.of(FailureCode.ENGINE_FAULT, what + " The log has the cause, under the id of the job.", cause));
    }

    private void fail(Job job, Failure failure) {
        end(job, JobOutcome.without(JobState.FAILED, job.started(), clock.instant(), Problems.of(failure, job.id())));
    }

    /** Ends a job, also where that cannot be written. Returns whether this is its end. */
    private boolean end(Job job, JobOutcome outcome) {
        try {
            return finish(job, outcome);
        } catch (IOException e) {
            log.error(
                    "The end of job {} cannot be written. It is {} until it expires or the service stops, and its folder is deleted",
                    job.id(),
                    outcome.state(),
                    e);
            boolean first = job.finish(outcome);
            if (first) {
                store.abandon(job);
                ended(job, outcome);
            }
            return first;
        }
    }

    private boolean finish(Job job, JobOutcome outcome) throws IOException {
        boolean first = store.finish(job, outcome);
        if (first) {
            ended(job, outcome);
        }
        return first;
    }

    private void ended(Job job, JobOutcome outcome) {
        places.release();
        waiting.remove(job);
        Duration ran =
                outcome.started() == null ? Duration.ZERO : Duration.between(outcome.started(), outcome.finished());
        log.info(
                "Job {} {} {}: {} after {} s",
                job.id(),
                LogText.of(job.request().model()),
                job.request().operation(),
                outcome.state(),
                ran.toMillis() / 1000.0);
        events.publishEvent(new JobFinished(outcome.state()));
    }

    /** Stops before requests are refused: the workers give up, and their jobs stay on disk. */
    @EventListener(ContextClosedEvent.class)
    void stop() throws InterruptedException {
        stopping = true;
        for (Thread thread : threads) {
            thread.interrupt();
        }
        for (Thread thread : threads) {
            thread.join(LONGEST_STOP.toMillis());
        }
    }

    /** Lets another process have the folder, after the last request. */
    @Override
    public void close() throws IOException {
        store.close();
    }
}
