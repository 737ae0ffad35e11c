package dev.gnserve.model;

import dev.gnserve.batching.BatchListener;
import dev.gnserve.engine.Engine;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** All models of this process. Thread-safe. */
public final class ModelRepository {

    private final Engine engine;
    private final BatchListener batches;
    private final List<ServedModel> models;
    private volatile CompletableFuture<Void> settled = new CompletableFuture<>();

    /** A repository whose models nobody audits. */
    public ModelRepository(
            Engine engine, List<? extends ModelSource> sources, BatchListener batches, ModelListener states) {
        this(engine, sources, batches, states, ModelAudit.NONE);
    }

    /**
     * Lists the models without loading them.
     *
     * @param sources a later one replaces an earlier one of the same name and version
     */
    public ModelRepository(
            Engine engine,
            List<? extends ModelSource> sources,
            BatchListener batches,
            ModelListener states,
            ModelAudit audit) {
        this.engine = engine;
        this.batches = batches;
        Map<List<String>, ServedModel> distinct = new LinkedHashMap<>();
        for (ModelSource source : sources) {
            distinct.put(List.of(source.name(), source.version()), new ServedModel(source, states, audit));
        }
        List<ServedModel> sorted = new ArrayList<>(distinct.values());
        sorted.sort(
                Comparator.comparing(ServedModel::name).thenComparing(ServedModel::version, VersionOrder.NEWEST_FIRST));
        this.models = List.copyOf(sorted);
    }

    /** Loads every model in the background, one after the other; again after {@link #close}. */
    public void start() {
        CompletableFuture<Void> trying = settled.isDone() ? new CompletableFuture<>() : settled;
        settled = trying;
        int cores = Runtime.getRuntime().availableProcessors();
        Thread loader = new Thread(
                () -> {
                    for (ServedModel model : models) {
                        model.load(engine, batches, cores);
                    }
                    trying.complete(null);
                },
                "model-loader");
        loader.setDaemon(true);
        loader.start();
    }

    /** Completes when every model has been tried since the last start: each is then ready or failed. */
    public CompletableFuture<Void> settled() {
        return settled;
    }

    /** Every version of every model, by name, newest version first. */
    public List<ServedModel> models() {
        return models;
    }

    /**
     * A model in whatever state.
     *
     * @param version which one, or null for the newest ready one, or the newest when none is ready
     * @throws dev.gnserve.failure.FailureException with {@code MODEL_NOT_FOUND}
     */
    public ServedModel find(String name, @Nullable String version) {
        List<ServedModel> versions =
                models.stream().filter(model -> model.name().equals(name)).toList();
        if (versions.isEmpty()) {
            throw Failure.of(
                            FailureCode.MODEL_NOT_FOUND,
                            "there is no model \"" + name + "\"; there are "
                                    + models.stream()
                                            .map(ServedModel::name)
                                            .distinct()
                                            .toList())
                    .asException();
        }
        if (version == null) {
            return versions.stream()
                    .filter(model -> model.state() == ModelState.READY)
                    .findFirst()
                    .orElse(versions.get(0));
        }
        return versions.stream()
                .filter(model -> model.version().equals(version))
                .findFirst()
                .orElseThrow(() -> Failure.of(
                                FailureCode.MODEL_NOT_FOUND,
                                "model " + name + " has no version \"" + version + "\"; it has "
                                        + versions.stream()
                                                .map(ServedModel::version)
                                                .toList())
                        .asException());
    }

    /** Unloads every model after it has finished what it accepted, all of them within the given time. */
    public void close(Duration drainTime) {
        long until = System.nanoTime() + drainTime.toNanos();
        for (ServedModel model : models) {
            model.unload(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
        }
    }
}
