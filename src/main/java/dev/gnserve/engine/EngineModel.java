package dev.gnserve.engine;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;

/** One loaded archive. Sessions share its parameters. Thread-safe. */
public final class EngineModel implements AutoCloseable {

    private final PtSymbolBlock block;
    private final NDManager manager;
    private final EngineSettings settings;

    EngineModel(PtSymbolBlock block, NDManager manager, EngineSettings settings) {
        this.block = block;
        this.manager = manager;
        this.settings = settings;
    }

    /** A session with the process's number of threads per forward pass. */
    public EngineSession newSession() {
        return newSession(settings.threads());
    }

    /**
     * A session for one thread.
     *
     * @param threads how many threads work on one forward pass of this session
     */
    public EngineSession newSession(int threads) {
        return new EngineSession(block, manager, threads);
    }

    /** Frees the parameters; no session may be running. */
    @Override
    public void close() {
        block.close();
        manager.close();
    }
}
