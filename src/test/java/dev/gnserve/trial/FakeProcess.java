package dev.gnserve.trial;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A trial process that does with each model what the test says, and moves the clock while it is waited for. */
final class FakeProcess implements TrialProcess {

    /** All processes of a test, and what the models do in them. */
    static final class Host implements TrialProcess.Launcher {

        final AtomicLong clock = new AtomicLong();
        final List<FakeProcess> started = new CopyOnWriteArrayList<>();
        final List<String> tried = new CopyOnWriteArrayList<>();
        private final Map<String, Conduct> conducts = new ConcurrentHashMap<>();
        private volatile @Nullable String refusal;

        /** From now on no process starts. */
        void startNone(String why) {
            refusal = why;
        }

        void let(String model, Conduct conduct) {
            conducts.put(model, conduct);
        }

        @Override
        public TrialProcess start() throws java.io.IOException {
            String why = refusal;
            if (why != null) {
                throw new java.io.IOException(why);
            }
            FakeProcess process = new FakeProcess(this);
            started.add(process);
            return process;
        }
    }

    /** What a model does in the process. */
    @FunctionalInterface
    interface Conduct {

        /**
         * Does it.
         *
         * @param usedBefore whether the process tried another model before
         */
        void run(FakeProcess process, boolean usedBefore);
    }

    /** What a process takes that has tried nothing. */
    static final long OWN = 100 << 20;

    static final Conduct PASSES = (process, used) -> process.reply(Reply.Kind.PASSED, "");
    static final Conduct LOOPS = (process, used) -> process.reply(Reply.Kind.RUNNING, "");

    final List<Long> hardLimits = new CopyOnWriteArrayList<>();
    private final Host host;
    private final Deque<Reply> replies = new ArrayDeque<>(List.of(new Reply(Reply.Kind.READY, "")));
    private int requests;
    private long memory = OWN;
    private volatile long passBytes;
    private double waitingPart;
    private long passesAt = Long.MAX_VALUE;
    private long sentAt;
    private @Nullable String end;
    private volatile boolean closed;
    private Runnable whenClosed = () -> {};

    private FakeProcess(Host host) {
        this.host = host;
    }

    void reply(Reply.Kind kind, String text) {
        replies.add(new Reply(kind, text));
    }

    void take(long bytes) {
        memory = bytes;
    }

    /** From now on it waits for a processor for a part of the time, and the archive passes after a while. */
    void waits(double part, Duration until) {
        waitingPart = part;
        passesAt = host.clock.get() + until.toNanos();
    }

    void die(String how) {
        end = how;
    }

    /** Of its last request. */
    long passBytes() {
        return passBytes;
    }

    void whenClosed(Runnable action) {
        whenClosed = action;
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public void send(Request request) {
        passBytes = request.passBytes();
        sentAt = host.clock.get();
        host.tried.add(request.name());
        host.conducts.getOrDefault(request.name(), PASSES).run(this, requests++ > 0);
    }

    @Override
    public @Nullable Reply await(Duration time) {
        Reply next = replies.poll();
        if (next == null) {
            host.clock.addAndGet(time.toNanos());
            return host.clock.get() >= passesAt ? new Reply(Reply.Kind.PASSED, "") : null;
        }
        return next;
    }

    @Override
    public @Nullable String end() {
        return end;
    }

    @Override
    public String lastWords() {
        return "";
    }

    @Override
    public Duration waited() {
        return Duration.ofNanos((long) (waitingPart * (host.clock.get() - sentAt)));
    }

    @Override
    public long memory() {
        return memory;
    }

    @Override
    public void limitMemory(long bytes) {
        hardLimits.add(bytes);
    }

    @Override
    public void close() {
        closed = true;
        whenClosed.run();
    }
}
