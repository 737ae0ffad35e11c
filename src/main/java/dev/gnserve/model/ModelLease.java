package dev.gnserve.model;

/**
 * A model while a request uses it: it is not unloaded before the lease is closed, or its time to drain is over.
 *
 * <p>A request finds its model once and then needs it several times, for its manifest and for every tile. Without a lease,
 * the model could be replaced in between.
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
