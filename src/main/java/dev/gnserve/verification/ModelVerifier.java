package dev.gnserve.verification;

import dev.gnserve.engine.Device;
import dev.gnserve.engine.Engine;
import dev.gnserve.engine.EngineModel;
import dev.gnserve.engine.FloatTensor;
import dev.gnserve.engine.TappedCall;
import dev.gnserve.engine.TappedSession;
import dev.gnserve.engine.Tensor;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.torchscript.GroupNormDeclaration;
import dev.gnserve.torchscript.NormalizationKind;
import dev.gnserve.torchscript.NormalizationLayer;
import dev.gnserve.torchscript.StoredTensor;
import dev.gnserve.torchscript.TappedArchive;
import dev.gnserve.torchscript.TorchScriptArchive;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Verifies one model on images, by an instrumented copy that is loaded when it is first needed and released when it has
 * not been needed for a while.
 *
 * <p>Thread-safe: verifications run one after another on a thread of their own, because taps are part of the copy and
 * because every thread that enters libtorch gets a team of threads. Memory per verification: the copy's parameters, at
 * most {@link #TAP_BYTES} of native memory for kept tensors (or one call, where that is larger), and one call's input and
 * output as Java arrays. A model that makes more of them is run again for the rest.
 */
public final class ModelVerifier implements AutoCloseable {

    private static final long TAP_BYTES = 512L << 20;

    /** Who comes when so many wait is refused: a verification costs a few inferences. */
    private static final int MOST_WAITING = 4;

    private final Engine engine;
    private final Supplier<TorchScriptArchive> source;
    private final String name;
    private final Device device;
    private final Duration idle;
    private final ScheduledThreadPoolExecutor worker;
    private final AtomicInteger waiting = new AtomicInteger();

    private @Nullable Loaded loaded;
    private @Nullable Future<?> release;

    /** The copy while it is loaded; only the worker thread touches it. */
    private static final class Loaded {
        final TappedArchive tapped;
        final TorchScriptArchive archive;
        final List<TorchScriptArchive.CorruptEntry> corrupt;
        final EngineModel model;
        final TappedSession session;
        final Map<GroupNormDeclaration, Declared> declarations = new HashMap<>();

        Loaded(TappedArchive tapped, TorchScriptArchive archive, EngineModel model) {
            this.tapped = tapped;
            this.archive = archive;
            this.corrupt = archive.corruptEntries();
            this.model = model;
            this.session = model.newTappedSession();
        }
    }

    /**
     * @param source the model's archive, asked for whenever the copy is made
     * @param name for messages
     * @param idle how long the copy stays loaded after its last use
     */
    public ModelVerifier(
            Engine engine, Supplier<TorchScriptArchive> source, String name, Device device, Duration idle) {
        this.engine = engine;
        this.source = source;
        this.name = name;
        this.device = device;
        this.idle = idle;
        this.worker = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "gnserve-verify-" + name);
            thread.setDaemon(true);
            return thread;
        });
        worker.setRemoveOnCancelPolicy(true);
        worker.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /**
     * Checks every Group Normalization that the model runs for an image.
     *
     * @param image the model's input for one image, without a batch axis
     * @param batch largest batch of the invariance check; 0 or 1 leaves it out
     * @throws FailureException with OVERLOADED when too many wait already
     */
    public CompletableFuture<VerificationReport> verify(FloatTensor image, int batch) {
        if (waiting.incrementAndGet() > MOST_WAITING) {
            waiting.decrementAndGet();
            throw Failure.of(
                            FailureCode.OVERLOADED,
                            MOST_WAITING + " verifications of " + name + " are waiting already; try again later")
                    .asException();
        }
        CompletableFuture<VerificationReport> report = new CompletableFuture<>();
        worker.execute(() -> {
            waiting.decrementAndGet();
            // Whoever asked may have given up.
            if (!report.isDone()) {
                complete(report, image, batch);
            }
        });
        return report;
    }

    private void complete(CompletableFuture<VerificationReport> report, FloatTensor image, int batch) {
        try {
            report.complete(run(image, batch));
        } catch (RuntimeException | Error e) {
            report.completeExceptionally(e);
        }
    }

    /** Like {@link #verify}, waiting for the report; what is thrown there is thrown here. */
    public VerificationReport verifyNow(FloatTensor image, int batch) {
        try {
            return verify(image, batch).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    /** Waits for the verification that runs, and frees the copy. */
    @Override
    public void close() {
        worker.execute(this::free);
        worker.shutdown();
        try {
            if (!worker.awaitTermination(1, TimeUnit.MINUTES)) {
                worker.shutdownNow();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private VerificationReport run(FloatTensor image, int batch) {
        if (release != null) {
            release.cancel(false);
        }
        try {
            return run(load(), image, batch);
        } finally {
            release = worker.schedule(this::free, idle.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private Loaded load() {
        Loaded now = loaded;
        if (now == null) {
            TorchScriptArchive archive = source.get();
            TappedArchive tapped = TappedArchive.of(archive);
            now = new Loaded(tapped, archive, engine.load(tapped.archive(), name + " (instrumented copy)", device));
            loaded = now;
        }
        return now;
    }

    private void free() {
        Loaded last = loaded;
        loaded = null;
        if (last != null) {
            last.model.close();
        }
    }

    private VerificationReport run(Loaded copy, FloatTensor image, int batch) {
        List<CallCheck> calls = new ArrayList<>();
        Map<String, Integer> counts = new HashMap<>();
        List<UnverifiedLayer> unverified = new ArrayList<>();
        FloatTensor single = new FloatTensor(image.shape().prepend(1), image.values());
        Map<String, Tensor> alone = copy.session.run(List.of(single), TAP_BYTES, call -> {
            GroupNormDeclaration declaration = copy.tapped.declaration(call.header());
            if (declaration == null || call.input().shape().rank() < 2) {
                unverified.add(new UnverifiedLayer(
                        "call " + call.header().call(), "no code of the archive that can be listed makes this call"));
                return;
            }
            calls.add(check(copy, call, declaration, counts.merge(declaration.layer(), 1, Integer::sum)));
        });
        for (NormalizationLayer layer : copy.tapped.layers()) {
            if (!layer.verifiable()) {
                unverified.add(new UnverifiedLayer(layer.name(), String.valueOf(layer.reason())));
            } else if (!counts.containsKey(layer.name())) {
                unverified.add(new UnverifiedLayer(layer.name(), "the model did not call it for this input"));
            }
        }
        BatchInvariance invariance = batch < 2
                ? null
                : InvarianceCheck.check(
                        inputs -> copy.session.run(List.of(inputs), 0, ignored -> {}), image, alone, batch);
        return report(copy, calls, invariance, unverified);
    }

    private static CallCheck check(Loaded copy, TappedCall call, GroupNormDeclaration declaration, int number) {
        Declared declared = copy.declarations.computeIfAbsent(declaration, known -> Declared.of(known, copy.archive));
        CallCheck check = LayerCheck.check(call, declared, number);
        String corrupt = corruption(copy, declaration);
        if (corrupt == null) {
            return check;
        }
        return new CallCheck(
                check.layer(),
                check.call(),
                check.groups(),
                check.channels(),
                check.epsilon(),
                check.shape(),
                check.maxAbsoluteError(),
                check.tolerance(),
                check.worstIndex(),
                Verdict.FAIL,
                check.reason() == null ? corrupt : corrupt + "; " + check.reason());
    }

    /** A changed weight runs as it is read, so no comparison of a run shows it: only the checksum does. */
    private static @Nullable String corruption(Loaded copy, GroupNormDeclaration declaration) {
        for (TorchScriptArchive.CorruptEntry entry : copy.corrupt) {
            for (StoredTensor tensor : new StoredTensor[] {declaration.weight(), declaration.bias()}) {
                if (tensor != null && tensor.storage().equals(entry.entry())) {
                    return "its " + (tensor.equals(declaration.weight()) ? "weight" : "bias") + " is corrupt: entry "
                            + entry.entry() + " fails its checksum";
                }
            }
        }
        return null;
    }

    private static VerificationReport report(
            Loaded copy,
            List<CallCheck> calls,
            @Nullable BatchInvariance invariance,
            List<UnverifiedLayer> unverified) {
        String reason = calls.stream()
                .filter(call -> call.verdict() == Verdict.FAIL)
                .findFirst()
                .map(call -> call.layer() + ": " + call.reason())
                .orElse(null);
        if (reason == null && !copy.corrupt.isEmpty()) {
            reason = "the archive is corrupt: " + corruptEntries(copy);
        }
        if (reason == null && invariance != null && invariance.verdict() == Verdict.FAIL) {
            reason = invariance.reason();
        }
        Verdict verdict = reason == null ? Verdict.PASS : Verdict.FAIL;
        if (reason == null && calls.isEmpty()) {
            verdict = Verdict.NOT_APPLICABLE;
            reason = nothingToCheck(copy.tapped.layers());
        }
        return new VerificationReport(List.copyOf(calls), invariance, List.copyOf(unverified), verdict, reason);
    }

    private static String corruptEntries(Loaded copy) {
        return copy.corrupt.stream()
                .map(entry -> entry.entry() + (entry.parameters().isEmpty() ? "" : " " + entry.parameters()))
                .collect(Collectors.joining(", "));
    }

    private static String nothingToCheck(List<NormalizationLayer> layers) {
        if (layers.isEmpty()) {
            return "the model has no normalization layer";
        }
        Map<NormalizationKind, Long> kinds = layers.stream()
                .collect(Collectors.groupingBy(NormalizationLayer::kind, LinkedHashMap::new, Collectors.counting()));
        String found = kinds.entrySet().stream()
                .map(kind -> kind.getValue() + " of " + kind.getKey())
                .collect(Collectors.joining(", "));
        return kinds.containsKey(NormalizationKind.GROUP_NORM)
                ? "no call of a Group Normalization could be checked; normalization layers: " + found
                : "the model makes no call of Group Normalization; its normalization layers: " + found;
    }
}
