package dev.gnserve.backend;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.RepairedArchive;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A back end in plain Java. A test sets what its calls return, where they wait and when they fail. It never reads the archive.
 * Thread-safe.
 *
 * <p>It records what would crash a real process: a model that is closed during a call, a call of a closed model or of a closed
 * back end, a session that two threads use. A test asserts that {@link #violations} is empty.
 */
public final class FakeBackend implements InferenceBackend {

    /** A forward pass; normally one prediction per input. */
    @FunctionalInterface
    public interface Pass {
        List<Prediction> run(ArchiveSnapshot archive, List<? extends Tensor> inputs);
    }

    /** A place where calls wait until the test opens it. Like native code, they ignore interrupts. */
    public static final class Gate {

        private static final long LONGEST_SECONDS = 60;

        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch opened = new CountDownLatch(1);

        /** Waits until the gate is open. */
        public void pass() {
            reached.countDown();
            await(opened, "the gate stays shut");
        }

        /** Waits until a call waits here. */
        public void awaitReached() {
            await(reached, "no call came to the gate");
        }

        public boolean isReached() {
            return reached.getCount() == 0;
        }

        public void open() {
            opened.countDown();
        }

        private static void await(CountDownLatch latch, String otherwise) {
            boolean interrupted = false;
            try {
                long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_SECONDS);
                while (true) {
                    try {
                        if (!latch.await(until - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                            throw new IllegalStateException(otherwise);
                        }
                        return;
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private volatile Consumer<ArchiveSnapshot> onLoad = archive -> {};
    private volatile Consumer<ArchiveSnapshot> onSession = archive -> {};
    private volatile Pass onPass = (archive, inputs) -> doubled(inputs);
    private volatile Consumer<ArchiveSnapshot> onModelClose = archive -> {};
    private volatile Runnable onClose = () -> {};

    private final List<String> violations = new ArrayList<>(); // guarded by this, as what follows
    private int loads;
    private int openModels;
    private int modelCloses;
    private int sessions;
    private int passes;
    private int inside;
    private int closes;

    /** An engine of this back end. */
    public Engine engine() {
        return new Engine(this);
    }

    /** An engine of this back end on a clock that the test drives. */
    public Engine engine(LongSupplier nanos) {
        return new Engine(this, PassMemory.unlimited(), nanos);
    }

    /** Runs inside every load, before the model is there; it may wait or throw. */
    public FakeBackend onLoad(Consumer<ArchiveSnapshot> behaviour) {
        onLoad = behaviour;
        return this;
    }

    /** Runs whenever a session is made. */
    public FakeBackend onSession(Consumer<ArchiveSnapshot> behaviour) {
        onSession = behaviour;
        return this;
    }

    /** What every forward pass does from now on, also in a warm-up. */
    public FakeBackend onPass(Pass behaviour) {
        onPass = behaviour;
        return this;
    }

    /** Runs when a model is closed. The model counts as closed even if this throws. */
    public FakeBackend onModelClose(Consumer<ArchiveSnapshot> behaviour) {
        onModelClose = behaviour;
        return this;
    }

    /** Runs when the back end is closed. */
    public FakeBackend onClose(Runnable behaviour) {
        onClose = behaviour;
        return this;
    }

    /** Every value doubled, as the only output. */
    public static List<Prediction> doubled(List<? extends Tensor> inputs) {
        return inputs.stream().map(FakeBackend::doubled).toList();
    }

    private static Prediction doubled(Tensor input) {
        float[] values = input.floats().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] *= 2;
        }
        return new Prediction(Map.of("output", new FloatTensor(input.shape(), values)));
    }

    /** The calls that are not allowed. */
    public synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    /** How many loads began. */
    public synchronized int loads() {
        return loads;
    }

    /** How many models are loaded and not closed. */
    public synchronized int openModels() {
        return openModels;
    }

    /** How often a model was closed. Closing a model twice counts twice. */
    public synchronized int modelCloses() {
        return modelCloses;
    }

    /** How many sessions were made. */
    public synchronized int sessions() {
        return sessions;
    }

    /** How many forward passes began. */
    public synchronized int passes() {
        return passes;
    }

    /** How often the back end was closed. */
    public synchronized int closes() {
        return closes;
    }

    @Override
    public BackendModel load(ArchiveSnapshot archive, BackendPlan plan) {
        synchronized (this) {
            loads++;
            require(closes == 0, "a load after the back end was closed");
            inside++;
        }
        try {
            onLoad.accept(archive);
            synchronized (this) {
                openModels++;
            }
            return new Model(archive);
        } finally {
            synchronized (this) {
                inside--;
            }
        }
    }

    @Override
    public BackendDescription describe() {
        return new BackendDescription("fake", "cpu", 1);
    }

    /** One for every call that is inside. */
    @Override
    public synchronized int openArrays() {
        return inside;
    }

    @Override
    public void close() {
        synchronized (this) {
            require(inside == 0, "the back end is closed under " + inside + " calls");
            closes++;
            require(closes == 1, "the back end is closed again");
        }
        onClose.run();
    }

    /** With the lock held. */
    private void require(boolean promise, String broken) {
        if (!promise) {
            violations.add(broken + ", on thread " + Thread.currentThread().getName());
        }
    }

    private final class Model implements BackendModel {

        private final ArchiveSnapshot archive;
        private int callsInside; // guarded by the back end, as what follows
        private boolean closed;

        Model(ArchiveSnapshot archive) {
            this.archive = archive;
        }

        @Override
        public String device() {
            return "cpu";
        }

        @Override
        public List<RepairedArchive.Replacement> replacements() {
            return List.of();
        }

        @Override
        public BackendSession newSession() {
            return session()::run;
        }

        @Override
        public TappedSession newTappedSession(boolean background) {
            Session session = session();
            return new TappedSession() {
                @Override
                public Map<String, Tensor> run(ModelInput input, long bytes, Consumer<TappedCall> calls) {
                    return session.run(List.of(input)).predictions().get(0).outputs();
                }

                @Override
                public List<Prediction> predict(List<? extends ModelInput> images) {
                    return session.run(images).predictions();
                }
            };
        }

        private Session session() {
            onSession.accept(archive);
            synchronized (FakeBackend.this) {
                sessions++;
            }
            return new Session(this);
        }

        @Override
        public void close() {
            synchronized (FakeBackend.this) {
                require(callsInside == 0, "model " + archive.name() + " is closed under " + callsInside + " calls");
                require(closes == 0, "model " + archive.name() + " is closed after the back end");
                modelCloses++;
                openModels -= closed ? 0 : 1;
                closed = true;
            }
            onModelClose.accept(archive);
        }

        private void enter() {
            synchronized (FakeBackend.this) {
                require(!closed, "a pass of " + archive.name() + " after it was closed");
                require(closes == 0, "a pass after the back end was closed");
                passes++;
                callsInside++;
                inside++;
            }
        }

        private void leave() {
            synchronized (FakeBackend.this) {
                require(!closed, "a pass of " + archive.name() + " returns after it was closed");
                callsInside--;
                inside--;
            }
        }
    }

    private final class Session {

        private final Model model;
        private @Nullable Thread user; // guarded by the back end

        Session(Model model) {
            this.model = model;
        }

        PassResult run(List<? extends ModelInput> given) {
            List<Tensor> inputs = given.stream().map(Tensor.class::cast).toList();
            synchronized (FakeBackend.this) {
                Thread current = Thread.currentThread();
                require(user == null || user == current, "a session of " + user + " is used");
                user = current;
            }
            model.enter();
            try {
                List<Prediction> predictions = onPass.run(model.archive, inputs);
                return new PassResult(predictions, Duration.ZERO, Duration.ofNanos(1), Duration.ZERO, false);
            } finally {
                model.leave();
            }
        }
    }
}
