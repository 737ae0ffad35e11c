package dev.gnserve.model;

import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineCall;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.Ticker;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All models of this process. Thread-safe.
 *
 * <p>Everything that changes the set of models runs on one thread, one after the other; a request that looks for a model sees a
 * list that never changes, and one that uses a model holds a {@link ModelLease}. A version that is loaded again is a new
 * {@link LoadedModel}: it takes the place of the old one once it is ready, and then the old one is drained.
 */
public final class ModelRepository {

    private static final System.Logger LOG = System.getLogger(ModelRepository.class.getName());

    private static final String CLOSING = "it was closed while it loaded";

    private final Engine engine;
    private final ModelSources sources;
    private final BatchListener batches;
    private final ModelListener states;
    private final List<ModelCompanion.Factory> companions;
    private final LifecycleTimes times;
    private final Ticker ticker;
    private final int cores = Runtime.getRuntime().availableProcessors();
    private final ExecutorService loader = loader();
    private final Map<Key, Seen> seen = new HashMap<>(); // by the looks at the folder; on the loader's thread
    private final Map<Key, Long> missingSince = new HashMap<>(); // as seen
    private final Object publishing = new Object();
    private boolean closing; // guarded by publishing
    private volatile List<LoadedModel> models;
    private volatile CompletableFuture<Void> settled = new CompletableFuture<>();

    private record Key(String name, String version) {
        static Key of(ModelSource source) {
            return new Key(source.name(), source.version());
        }
    }

    /**
     * What the looks at the folder saw of one version.
     *
     * @param fingerprint of its files
     * @param sinceNanos when a look saw them like this first
     */
    private record Seen(String fingerprint, long sinceNanos) {}

    /** Lists the models without loading them. */
    public ModelRepository(
            Engine engine,
            ModelSources sources,
            BatchListener batches,
            ModelListener states,
            List<? extends ModelCompanion.Factory> companions,
            LifecycleTimes times,
            Ticker ticker) {
        this.engine = engine;
        this.sources = sources;
        this.batches = batches;
        this.states = states;
        this.companions = List.copyOf(companions);
        this.times = times;
        this.ticker = ticker;
        List<LoadedModel> listed = new ArrayList<>();
        distinct().values().forEach(source -> listed.add(new LoadedModel(source, states)));
        this.models = sorted(listed);
    }

    /** Loads every model in the background, one after the other; again after {@link #close}. */
    public void start() {
        synchronized (publishing) {
            closing = false;
            models = models.stream()
                    .map(model -> model.state() == ModelState.LOADING ? model : new LoadedModel(model.source(), states))
                    .toList();
        }
        CompletableFuture<Void> trying = settled.isDone() ? new CompletableFuture<>() : settled;
        settled = trying;
        loader.execute(() -> {
            try {
                models.forEach(model -> model.load(engine, companions, batches, cores));
            } finally {
                trying.complete(null);
            }
        });
    }

    /** Completes when every model has been tried since the last start: each is then ready or failed. */
    public CompletableFuture<Void> settled() {
        return settled;
    }

    /** Every version of every model, by name, newest version first. */
    public List<LoadedModel> models() {
        return models;
    }

    /** Exactly this version, in whatever state; null if there is none. */
    public @Nullable LoadedModel version(String name, String version) {
        return exactly(new Key(name, version));
    }

    /**
     * Loads every version of a model that lies there now, also those that serve already. A version that serves goes on
     * until its successor is ready, or for good if that does not load; one that lies there no more is unloaded.
     *
     * @return completes when all versions have been tried, with why each that does not load does not, by version;
     *     exceptionally with MODEL_NOT_FOUND when none lies there
     */
    public CompletableFuture<Map<String, String>> load(String name) {
        return CompletableFuture.supplyAsync(
                () -> {
                    Map<Key, ModelSource> now = listed();
                    now.keySet().removeIf(key -> !key.name().equals(name));
                    if (now.isEmpty()) {
                        throw Failure.of(
                                        FailureCode.MODEL_NOT_FOUND,
                                        "no model \"" + name + "\" lies in the folder of models")
                                .asException();
                    }
                    Map<String, String> failed = new LinkedHashMap<>();
                    for (ModelSource source : now.values()) {
                        String reason = bring(source);
                        if (reason != null) {
                            failed.put(source.version(), reason);
                        }
                    }
                    models.stream()
                            .filter(model -> model.name().equals(name) && !now.containsKey(Key.of(model.source())))
                            .forEach(this::drop);
                    return failed;
                },
                loader);
    }

    /**
     * Unloads every version of a model after it has finished what it accepted.
     *
     * @return completes when its memory is free; exceptionally with MODEL_NOT_FOUND
     */
    public CompletableFuture<Void> unload(String name) {
        return CompletableFuture.runAsync(
                () -> {
                    LoadedModel known = find(name, null);
                    models.stream()
                            .filter(model -> model.name().equals(known.name()))
                            .forEach(model -> model.close(times.drain()));
                },
                loader);
    }

    /**
     * Loads what is new or has changed since it was loaded and unloads what is gone. Files that have not been seen unchanged for the
     * settle time are left for a later look: they may still be on their way into the folder. For the same time a model must be missing
     * before it is unloaded, and the folder must be readable: a volume may be away for a moment.
     */
    public CompletableFuture<Void> refresh() {
        return CompletableFuture.runAsync(
                () -> {
                    Map<Key, ModelSource> now = look();
                    dropMissing(now);
                    seen.keySet().retainAll(now.keySet());
                    now.forEach((key, source) -> {
                        if (!source.isReadable() && isKnown(source.name())) {
                            return; // Its versions serve on.
                        }
                        String print = print(source);
                        LoadedModel current = exactly(key);
                        boolean changed = current == null || !print.equals(current.fingerprint());
                        if (isSettled(key, print) && changed) {
                            String unused = bring(source);
                        }
                    });
                },
                loader);
    }

    /** For a client, who gets a failure. */
    private Map<Key, ModelSource> listed() {
        try {
            return distinct();
        } catch (UncheckedIOException e) {
            throw Failure.of(FailureCode.MODEL_UNAVAILABLE, e.getMessage() + ": " + e.getCause(), e)
                    .asException();
        }
    }

    private Map<Key, ModelSource> look() {
        try {
            return distinct();
        } catch (UncheckedIOException e) {
            missingSince.clear(); // Nothing is known to be missing.
            throw e;
        }
    }

    private void dropMissing(Map<Key, ModelSource> now) {
        Set<String> unreadable = now.values().stream()
                .filter(source -> !source.isReadable())
                .map(ModelSource::name)
                .collect(Collectors.toSet());
        List<LoadedModel> missing = models.stream()
                .filter(model -> !now.containsKey(Key.of(model.source())) && !unreadable.contains(model.name()))
                .toList();
        missingSince
                .keySet()
                .retainAll(missing.stream().map(model -> Key.of(model.source())).toList());
        long nanos = ticker.nanos();
        List<LoadedModel> serving = new ArrayList<>();
        for (LoadedModel model : missing) {
            Long since = missingSince.putIfAbsent(Key.of(model.source()), nanos);
            if (!model.serves()
                    || nanos - (since == null ? nanos : since) >= times.settle().toNanos()) {
                drop(model);
            } else if (since == null) {
                serving.add(model);
            }
        }
        if (!serving.isEmpty()) {
            LOG.log(
                    WARNING,
                    () -> "no longer in the folder of models: " + serving + "; what serves is unloaded after "
                            + times.settle().toSeconds() + " s without its files");
        }
    }

    private boolean isKnown(String name) {
        return models.stream().anyMatch(model -> model.name().equals(name));
    }

    private boolean isSettled(Key key, String fingerprint) {
        long now = ticker.nanos();
        Seen before = seen.get(key);
        if (before == null || !before.fingerprint().equals(fingerprint)) {
            before = new Seen(fingerprint, now);
            seen.put(key, before);
        }
        return now - before.sinceNanos() >= times.settle().toNanos();
    }

    /** The watchdog's look at the calls that are inside the engine; to be called about once a second. */
    public void watch() {
        engine.look();
        models.forEach(model -> model.watch(times.hang()));
    }

    /** The calls that have been inside the engine for longer than they may: loading, warm-up and verification, too. */
    public List<EngineCall> hanging() {
        return engine.overdue(times.hang());
    }

    /** Why the version does not load, or null. */
    private @Nullable String bring(ModelSource source) {
        LoadedModel current = exactly(Key.of(source));
        LoadedModel next = new LoadedModel(source, states);
        if (current == null || !current.serves()) {
            if (!publish(current, next)) {
                return CLOSING;
            }
            next.load(engine, companions, batches, cores);
            if (current != null) {
                boolean unused = current.retire(times.drain());
            }
            return next.state() == ModelState.READY ? null : Objects.requireNonNullElse(next.reason(), CLOSING);
        }
        next.load(engine, companions, batches, cores);
        if (next.state() == ModelState.READY) {
            if (!publish(current, next)) {
                boolean unused = next.close(times.drain());
                return CLOSING;
            }
            boolean unused = current.retire(times.drain());
            return null;
        }
        String why = Objects.requireNonNullElse(next.reason(), CLOSING);
        LOG.log(
                WARNING,
                () -> current + " goes on as it was loaded before; what lies there now does not serve: " + why);
        current.notReplacedBecause(next.fingerprint(), why);
        return why;
    }

    /** Puts a model in the place of another, unless the repository is being closed. */
    private boolean publish(@Nullable LoadedModel current, LoadedModel next) {
        synchronized (publishing) {
            if (closing) {
                return false;
            }
            List<LoadedModel> changed = new ArrayList<>(models);
            changed.remove(current);
            changed.add(next);
            models = sorted(changed);
            return true;
        }
    }

    private void drop(LoadedModel model) {
        List<LoadedModel> left = new ArrayList<>(models);
        left.remove(model);
        models = List.copyOf(left);
        boolean unused = model.close(times.drain());
    }

    private @Nullable LoadedModel exactly(Key key) {
        return models.stream()
                .filter(model -> Key.of(model.source()).equals(key))
                .findFirst()
                .orElse(null);
    }

    private Map<Key, ModelSource> distinct() {
        Map<Key, ModelSource> distinct = new LinkedHashMap<>();
        try {
            sources.list().forEach(source -> distinct.put(Key.of(source), source));
        } catch (IOException e) {
            throw new UncheckedIOException("the models cannot be listed", e);
        }
        return distinct;
    }

    private static List<LoadedModel> sorted(List<LoadedModel> models) {
        return models.stream()
                .sorted(Comparator.comparing(LoadedModel::name)
                        .thenComparing(LoadedModel::version, VersionOrder.NEWEST_FIRST))
                .toList();
    }

    static String print(ModelSource source) {
        try {
            return source.fingerprint();
        } catch (IOException e) {
            return "unreadable: " + e;
        }
    }

    /** One thread that ends when there is nothing to do. */
    private static ExecutorService loader() {
        return new ThreadPoolExecutor(0, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
            Thread thread = new Thread(work, "model-loader");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * A model in whatever state, kept from being unloaded until the lease is closed.
     *
     * @param version which one, or null for the newest ready one, or the newest when none is ready
     * @throws dev.gnserve.failure.FailureException with {@code MODEL_NOT_FOUND}
     */
    public ModelLease lease(String name, @Nullable String version) {
        while (true) {
            ModelLease lease = new ModelLease(find(name, version));
            // The loader that replaces a model waits for the leases that it sees afterwards: this one is seen, or this
            // looks
            // again.
            if (models.contains(lease.model())) {
                return lease;
            }
            lease.close();
        }
    }

    /**
     * A model in whatever state.
     *
     * @param version which one, or null for the newest ready one, or the newest when none is ready
     * @throws dev.gnserve.failure.FailureException with {@code MODEL_NOT_FOUND}
     */
    public LoadedModel find(String name, @Nullable String version) {
        List<LoadedModel> versions =
                models.stream().filter(model -> model.name().equals(name)).toList();
        if (versions.isEmpty()) {
            throw Failure.of(
                            FailureCode.MODEL_NOT_FOUND,
                            "there is no model \"" + name + "\"; there are "
                                    + models.stream()
                                            .map(LoadedModel::name)
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
                                                .map(LoadedModel::version)
                                                .toList())
                        .asException());
    }

    /** Unloads every model after it has finished what it accepted, all of them within the given time. */
    public void close(Duration drainTime) {
        synchronized (publishing) {
            closing = true;
        }
        long until = System.nanoTime() + drainTime.toNanos();
        for (LoadedModel model : models) {
            boolean unused = model.close(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
        }
    }
}
