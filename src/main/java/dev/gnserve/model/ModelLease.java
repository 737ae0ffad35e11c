package dev.gnserve.model;

/**
 * A model while a request uses it: it is not unloaded before the lease is closed, or its time to drain is over.
 *
 * <p>A request finds its model once and then needs it several times, for its manifest and for every tile. Without a lease,
 * the model could be replaced in between.
 */
public final class ModelLease implements AutoCloseable {

    private final ServedModel model;

    ModelLease(ServedModel model) {
        this.model = model;
        model.enter();
    }

    public ServedModel model() {
        return model;
    }

    @Override
    public void close() {
        model.leave();
    }
}
