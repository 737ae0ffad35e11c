package dev.gnserve.backend.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import dev.gnserve.archive.ForwardSignature;
import dev.gnserve.archive.RepairedArchive;
import java.util.List;

/** One loaded archive. Sessions share its parameters. Thread-safe. */
public final class PyTorchModel implements AutoCloseable {

    private final PtSymbolBlock block;
    private final NDManager manager;
    private final Cores cores;
    private final String device;
    private ForwardSignature signature = ForwardSignature.TENSOR;
    private List<RepairedArchive.Replacement> replacements = List.of();

    PyTorchModel(PtSymbolBlock block, NDManager manager, Cores cores, String device) {
        this.block = block;
        this.manager = manager;
        this.cores = cores;
        this.device = device;
    }

    /** Where it runs, as {@code cpu} or {@code gpu0}. */
    public String device() {
        return device;
    }

    /** The operators that were replaced because this engine does not have them. */
    public List<RepairedArchive.Replacement> replacements() {
        return replacements;
    }

    /** What the model takes and gives, as its code declares it. */
    public ForwardSignature signature() {
        return signature;
    }

    void declaredBy(ForwardSignature declared) {
        signature = declared;
    }

    void repairedBy(List<RepairedArchive.Replacement> replaced) {
        replacements = replaced;
    }

    /** A session whose forward passes use their share of the cores: all of them as long as nothing else runs. */
    public PyTorchSession newSession() {
        return newSession(0);
    }

    /**
     * A session for one thread.
     *
     * @param threads how many threads work on one forward pass; 0 for its share of the cores
     */
    public PyTorchSession newSession(int threads) {
        return new PyTorchSession(block, manager, signature, cores, threads);
    }

    /** A session for a model that was loaded from an instrumented copy. */
    public PyTorchTappedSession newTappedSession() {
        return new PyTorchTappedSession(block, manager, newSession());
    }

    /**
     * Like {@link #newTappedSession}, for work that must not slow down the other sessions: its forward passes run on one
     * thread and do not count when the cores are shared.
     */
    public PyTorchTappedSession newBackgroundTappedSession() {
        return new PyTorchTappedSession(block, manager, new PyTorchSession(block, manager, signature, new Cores(1), 1));
    }

    /** Frees the parameters; no session may be running. */
    @Override
    public void close() {
        block.close();
        manager.close();
    }
}
