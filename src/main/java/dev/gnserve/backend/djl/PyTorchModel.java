package dev.gnserve.backend.djl;

import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import dev.gnserve.archive.ForwardSignature;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.backend.BackendModel;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** An archive that PyTorch has loaded. Thread-safe. */
public final class PyTorchModel implements BackendModel {

    private final PtSymbolBlock block;
    private final NDManager manager;
    private final BatchMemory memory;
    private final Cores cores;
    private final int threads;
    private final String device;
    private final ForwardSignature signature;
    private final List<RepairedArchive.Replacement> replacements;
    private final AtomicBoolean closed = new AtomicBoolean();

    PyTorchModel(
            PtSymbolBlock block,
            NDManager manager,
            BatchMemory memory,
            Cores cores,
            int threads,
            String device,
            ForwardSignature signature,
            List<RepairedArchive.Replacement> replacements) {
        this.block = block;
        this.manager = manager;
        this.memory = memory;
        this.cores = cores;
        this.threads = threads;
        this.device = device;
        this.signature = signature;
        this.replacements = List.copyOf(replacements);
    }

    @Override
    public String device() {
        return device;
    }

    @Override
    public List<RepairedArchive.Replacement> replacements() {
        return replacements;
    }

    @Override
    public PyTorchSession newSession() {
        return new PyTorchSession(block, manager, signature, memory, cores, threads);
    }

    @Override
    public PyTorchTappedSession newTappedSession(boolean background) {
        PyTorchSession session =
                background ? new PyTorchSession(block, manager, signature, memory, new Cores(1), 1) : newSession();
        return new PyTorchTappedSession(block, manager, session);
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            block.close();
            manager.close();
        }
    }
}
