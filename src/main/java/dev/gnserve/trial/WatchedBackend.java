package dev.gnserve.trial;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.backend.BackendDescription;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.InferenceBackend;
import dev.gnserve.backend.TappedSession;
import java.util.List;
import java.util.function.Consumer;

/** A back end that says what it is about to do, so that a process that ends leaves word of what ended it. */
final class WatchedBackend implements InferenceBackend {

    private final InferenceBackend backend;
    private final Consumer<Reply.Kind> listener;

    WatchedBackend(InferenceBackend backend, Consumer<Reply.Kind> listener) {
        this.backend = backend;
        this.listener = listener;
    }

    @Override
    public BackendModel load(ArchiveSnapshot archive, BackendPlan plan) {
        listener.accept(Reply.Kind.LOADING);
        return new Watched(backend.load(archive, plan));
    }

    @Override
    public BackendDescription describe() {
        return backend.describe();
    }

    @Override
    public int openArrays() {
        return backend.openArrays();
    }

    /** The back end outlives every trial. */
    @Override
    public void close() {}

    private final class Watched implements BackendModel {

        private final BackendModel model;

        Watched(BackendModel model) {
            this.model = model;
        }

        @Override
        public String device() {
            return model.device();
        }

        @Override
        public List<RepairedArchive.Replacement> replacements() {
            return model.replacements();
        }

        @Override
        public BackendSession newSession() {
            listener.accept(Reply.Kind.RUNNING);
            return model.newSession();
        }

        @Override
        public TappedSession newTappedSession(boolean background) {
            return model.newTappedSession(background);
        }

        @Override
        public void close() {
            model.close();
        }
    }
}
