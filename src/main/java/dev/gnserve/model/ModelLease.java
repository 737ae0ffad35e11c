package dev.gnserve.model;

/**
 * Keeps a model loaded while a request uses it: the model is not unloaded before the lease is closed or the drain time is over.
 * Close it once. Thread-safe.
 *
 * <p>A request uses its model several times, for the manifest and for every tile. Without a lease, the model could be replaced in
 * between.
 */
public final class ModelLease implements AutoCloseable {

    private final LoadedModel model;

    ModelLease(LoadedModel model) {
        this.model = model;
        model.leases().enter();
    }

    public LoadedModel model() {
        return model;
    }

    @Override
    public void close() {
        model.leases().leave();
    }
}
