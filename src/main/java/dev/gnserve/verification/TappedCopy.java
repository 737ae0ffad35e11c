package dev.gnserve.verification;

import dev.gnserve.archive.GroupNormDeclaration;
import dev.gnserve.archive.NormalizationKind;
import dev.gnserve.archive.NormalizationLayer;
import dev.gnserve.archive.StoredTensor;
import dev.gnserve.archive.TappedArchive;
import dev.gnserve.archive.TensorType;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.TappedCall;
import dev.gnserve.backend.TappedSession;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorGroup;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.model.ExpectedGroupNorm;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A loaded instrumented copy of a model, with its checks. Not thread-safe: one check at a time, because the taps are part of the copy.
 *
 * <p>Memory of a check: at most {@link #TAP_BYTES} of native memory for kept tensors (or one call, if that is larger), and the input
 * and output of one call as Java arrays. If the tensors do not fit, the model runs again for the rest.
 */
final class TappedCopy implements AutoCloseable {

    private static final long TAP_BYTES = 512L << 20;

    /** The inputs of a batch take at most this share of the heap. */
    private static final int HEAP_SHARE = 8;

    private final TappedArchive tapped;
    private final TorchScriptArchive archive;
    private final ExpectedGroupNorm expected;
    private final Decisions decisions;
    private final List<TorchScriptArchive.CorruptEntry> corrupt;
    private final BackendModel model;
    private final ToIntFunction<ModelInput> mostAtOnce;
    private final TappedSession foreground;
    private final TappedSession background;
    private final Map<GroupNormDeclaration, DeclaredGroupNorm> declarations = new HashMap<>();

    /**
     * @param model loaded from the tapped archive; closed by {@link #close}
     * @param mostAtOnce how many images fit into the memory of one pass
     */
    TappedCopy(
            TappedArchive tapped,
            TorchScriptArchive archive,
            ExpectedGroupNorm expected,
            Decisions decisions,
            BackendModel model,
            ToIntFunction<ModelInput> mostAtOnce) {
        this.tapped = tapped;
        this.archive = archive;
        this.expected = expected;
        this.decisions = decisions;
        this.corrupt = archive.corruptEntries();
        this.model = model;
        this.mostAtOnce = mostAtOnce;
        this.foreground = model.newTappedSession(false);
        this.background = model.newTappedSession(true);
    }

    @Override
    public void close() {
        model.close();
    }

    /**
     * Checks every call of a Group Normalization, and the image in batches. Always call it from the same thread.
     *
     * @param image the model's input for one image, without a batch axis
     * @param batch largest batch of the invariance check, smaller where memory allows fewer images at once; 0 or 1 skips the check
     */
    VerificationReport verify(ModelInput image, int batch) {
        return run(foreground, image, batch, true);
    }

    /** Checks every call with a single core. Always call it from the same thread, but not that of {@link #verify}. */
    VerificationReport sample(FloatTensor image) {
        return run(background, image, 0, false);
    }

    private VerificationReport run(TappedSession session, ModelInput image, int batch, boolean allCores) {
        List<CallCheck> calls = new ArrayList<>();
        Map<String, Integer> counts = new HashMap<>();
        List<UnverifiedLayer> unverified = new ArrayList<>();
        Set<TensorType> types = EnumSet.noneOf(TensorType.class);
        Map<String, Tensor> alone = session.run(withBatch(image), TAP_BYTES, call -> {
            types.add(call.header().type());
            GroupNormDeclaration declaration = tapped.declaration(call.header());
            if (declaration == null || call.input().shape().rank() < 2) {
                unverified.add(new UnverifiedLayer(
                        "call " + call.header().call(),
                        "the layer of this call cannot be found in the archive's code"));
                return;
            }
            calls.add(check(call, declaration, counts.merge(declaration.layer(), 1, Integer::sum), allCores));
        });
        for (NormalizationLayer layer : tapped.layers()) {
            if (!layer.verifiable()) {
                unverified.add(new UnverifiedLayer(layer.name(), String.valueOf(layer.reason())));
            } else if (!counts.containsKey(layer.name())) {
                unverified.add(new UnverifiedLayer(layer.name(), "the model did not call it for this input"));
            }
        }
        boolean comparable = calls.stream().noneMatch(call -> call.verdict() == Verdict.NOT_APPLICABLE);
        BatchInvariance invariance = batch < 2 || isWhole(image) || !comparable
                ? null
                : inBatches(session, image, alone, batch, coarsest(types));
        return report(calls, invariance, unverified);
    }

    private BatchInvariance inBatches(
            TappedSession session, ModelInput image, Map<String, Tensor> alone, int batch, TensorType type) {
        long onHeap = Runtime.getRuntime().maxMemory() / HEAP_SHARE / (Float.BYTES * Math.max(1, image.elements()));
        int largest = (int) Math.min(batch, Math.min(onHeap, mostAtOnce.applyAsInt(image)));
        return largest < 2
                ? BatchInvariance.notApplicable(batch, "a batch of 2 such images needs more memory than there is")
                : InvarianceCheck.check(session::predict, image, alone, largest, decisions, type);
    }

    private static TensorType coarsest(Set<TensorType> types) {
        return Stream.of(TensorType.BFLOAT16, TensorType.FLOAT16)
                .filter(types::contains)
                .findFirst()
                .orElse(TensorType.FLOAT32);
    }

    private static boolean isWhole(ModelInput input) {
        return input instanceof TensorGroup group && group.whole();
    }

    /** The arguments of {@code forward} for one item. */
    private static ModelInput withBatch(ModelInput item) {
        if (!(item instanceof TensorGroup group)) {
            return withBatch((Tensor) item);
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>(group.tensors());
        if (!group.whole()) {
            tensors.replaceAll((name, tensor) -> withBatch(tensor));
        }
        return new TensorGroup(tensors, true);
    }

    private static Tensor withBatch(Tensor tensor) {
        TensorShape shape = tensor.shape().prepend(1);
        return tensor instanceof RawTensor raw
                ? new RawTensor(raw.type(), shape, raw.values())
                : new FloatTensor(shape, tensor.floats());
    }

    private CallCheck check(TappedCall call, GroupNormDeclaration declaration, int number, boolean allCores) {
        DeclaredGroupNorm declared =
                declarations.computeIfAbsent(declaration, known -> DeclaredGroupNorm.of(known, archive));
        CallCheck check = LayerCheck.check(call, declared, expected, number, allCores);
        String corruption = corruption(declaration);
        return corruption == null ? check : check.withFailure(corruption);
    }

    /** Why a weight is corrupt, or null. Only the checksum shows it: the reference uses the same corrupt weight as the engine. */
    private @Nullable String corruption(GroupNormDeclaration declaration) {
        for (TorchScriptArchive.CorruptEntry entry : corrupt) {
            for (StoredTensor tensor : new StoredTensor[] {declaration.weight(), declaration.bias()}) {
                if (tensor != null && tensor.storage().equals(entry.entry())) {
                    return "its " + (tensor.equals(declaration.weight()) ? "weight" : "bias") + " is corrupt: entry "
                            + entry.entry() + " fails its checksum";
                }
            }
        }
        return null;
    }

    private VerificationReport report(
            List<CallCheck> calls, @Nullable BatchInvariance invariance, List<UnverifiedLayer> unverified) {
        String reason = firstReason(calls, Verdict.FAIL);
        if (reason == null && !corrupt.isEmpty()) {
            reason = "the archive is corrupt: " + corruptEntries();
        }
        if (reason == null && invariance != null && invariance.verdict() == Verdict.FAIL) {
            reason = invariance.reason();
        }
        Verdict verdict = Verdict.FAIL;
        if (reason == null) {
            reason = calls.isEmpty() ? nothingToCheck(tapped.layers()) : firstReason(calls, Verdict.NOT_APPLICABLE);
            verdict = reason == null ? Verdict.PASS : Verdict.NOT_APPLICABLE;
        }
        return new VerificationReport(List.copyOf(calls), invariance, List.copyOf(unverified), verdict, reason);
    }

    private static @Nullable String firstReason(List<CallCheck> calls, Verdict verdict) {
        return calls.stream()
                .filter(call -> call.verdict() == verdict)
                .findFirst()
                .map(call -> call.layer() + ": " + call.reason())
                .orElse(null);
    }

    private String corruptEntries() {
        return corrupt.stream()
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
                : "the model has no Group Normalization; its normalization layers: " + found;
    }
}
