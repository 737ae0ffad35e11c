package dev.gnserve.engine;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;

/** One loaded archive. Sessions share its parameters. Thread-safe. */
public final class EngineModel implements AutoCloseable {

    private final PtSymbolBlock block;
    private final NDManager manager;
    private final int threads;
    private final String device;

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

    /** Frees the parameters; no session may be running. */
    @Override
    public void close() {
        block.close();
        manager.close();
    }
}
