package dev.gnserve.engine;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import dev.gnserve.torchscript.RepairedArchive;
import java.util.List;

/** One loaded archive. Sessions share its parameters. Thread-safe. */
public final class EngineModel implements AutoCloseable {

    private final PtSymbolBlock block;
    private final NDManager manager;
    private final int threads;
    private final String device;
    private List<RepairedArchive.Replacement> replacements = List.of();

    EngineModel(PtSymbolBlock block, NDManager manager, int threads, String device) {
        this.block = block;
        this.manager = manager;
        this.threads = threads;
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

    void repairedBy(List<RepairedArchive.Replacement> replaced) {
        replacements = replaced;
    }

    /** A session with the process's number of threads per forward pass. */
    public EngineSession newSession() {
        return newSession(threads);
    }

    /**
     * A session for one thread.
     *
     * @param own how many threads work on one forward pass of this session
     */
    public EngineSession newSession(int own) {
        return new EngineSession(block, manager, own);
    }

    /** A session for a model that was loaded from an instrumented copy. */
    public TappedSession newTappedSession() {
        return new TappedSession(block, manager, newSession());
    }

    /** Frees the parameters; no session may be running. */
    @Override
    public void close() {
        block.close();
        manager.close();
    }
}
