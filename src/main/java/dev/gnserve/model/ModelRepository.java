package dev.gnserve.model;

import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.EngineCall;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.Ticker;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
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
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All models of this process. Thread-safe.
 *
 * <p>One thread makes all changes of the set of models, one after another. A request reads an immutable list of models, and holds a
 * {@link ModelLease} on the model that it uses. Loading a version again makes a new {@link LoadedModel}, which replaces the old one
 * when it is ready; then the old one is drained.
 */
public final class ModelRepository implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(ModelRepository.class.getName());

    private static final String CLOSING = "it was closed while it loaded";

    private static final Duration CALLS_END = Duration.ofSeconds(2);

    private final Engine engine;
    private final ModelSources sources;
    private final BatchListener batches;
    private final ModelListener states;
    private final List<ModelCompanion.Factory> companions;
    private final LifecycleTimes times;
    private final PlanChoice plans;
    private final int cores = Runtime.getRuntime().availableProcessors();
    private final ExecutorService loader = loader();
    private final Examiners examiners;
    private final Map<VersionKey, CompletableFuture<?>> turns =
            new HashMap<>(); // loads that wait; on the loader's thread
    private final TrafficRules traffic;
    private final FileChanges changes; // only on the loader's thread
    private final Object publishing = new Object();
    private boolean closing; // guarded by publishing
    private volatile List<LoadedModel> models;
    private volatile CompletableFuture<Void> settled = new CompletableFuture<>();
    private volatile CompletableFuture<Void> loaded = new CompletableFuture<>();

    /** Lists the models without loading them. They are loaded without being judged before. */
    public ModelRepository(
            Engine engine,
            ModelSources sources,
            BatchListener batches,
            ModelListener states,
            List<? extends ModelCompanion.Factory> companions,
            LifecycleTimes times,
            Ticker ticker) {
        this(engine, sources, batches, states, companions, times, ticker, ArchiveTrial.NONE, PlanChoice.KEPT);
    }

    /** Lists the models without loading them. */
    public ModelRepository(
            Engine engine,
            ModelSources sources,
            BatchListener batches,
            ModelListener states,
            List<? extends ModelCompanion.Factory> companions,
            LifecycleTimes times,
            Ticker ticker,
            ArchiveTrial trial,
            PlanChoice plans) {
        this.engine = engine;
        this.sources = sources;
        this.batches = batches;
        this.states = states;
        this.companions = List.copyOf(companions);
        this.times = times;
        this.plans = plans;
        this.examiners = new Examiners(engine, trial, loader);
        this.changes = new FileChanges(times.settle(), ticker);
        this.traffic = new TrafficRules(sources);
        this.models = sorted(listSources().values().stream()
                .map(source -> new LoadedModel(source, states))
                .toList());
        readTraffic(names());
    }

    /** Loads all models in the background, one after another. May be called again after {@link #close}. */
    public void start() {
        synchronized (publishing) {
            closing = false;
            models = models.stream()
                    .map(model -> model.state() == ModelState.LOADING ? model : new LoadedModel(model.source(), states))
                    .toList();
        }
        CompletableFuture<Void> done = settled.isDone() ? new CompletableFuture<>() : settled;
        settled = done;
        CompletableFuture<Void> ended = loaded.isDone() ? new CompletableFuture<>() : loaded;
        loaded = ended;
        loader.execute(() -> {
            // All are judged, from the first on, while those that need no judgement are loaded.
            List<Examiners.Examination> examinations =
                    models.stream().map(examiners::examine).toList();
            List<CompletableFuture<?>> tried = new ArrayList<>();
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (Examiners.Examination examination : examinations) {
                LoadedModel model = examination.model();
                CompletableFuture<?> load = inTurn(
                        VersionKey.of(model.source()),
                        () -> examination.then(() -> {
                            model.load(engine, companions, batches, cores, plans);
                            return Optional.empty();
                        }));
                all.add(load);
                tried.add(CompletableFuture.anyOf(load, examination.postponed()));
            }
            completeAfter(tried, done);
            completeAfter(all, ended);
        });
    }

    /**
     * Completes when every model has been tried since the last start: each is then ready or failed, or its trial takes so long that
     * it was put behind those of the others.
     */
    public CompletableFuture<Void> settled() {
        return settled;
    }

    /** Completes when every model is ready or failed since the last start. */
    public CompletableFuture<Void> loaded() {
        return loaded;
    }

    private static void completeAfter(List<CompletableFuture<?>> work, CompletableFuture<Void> done) {
        CompletableFuture<?> unused = CompletableFuture.allOf(work.toArray(CompletableFuture[]::new))
                .whenComplete((nothing, thrown) -> done.complete(null));
    }

    /** All versions of all models, by name, newest version first. */
    public List<LoadedModel> models() {
        return models;
    }

    /** Which version of a model gets which requests. */
    public Traffic traffic(String name) {
        return traffic.of(name);
    }

    /**
     * Changes which version of a model gets which requests, until {@code traffic.yaml} in its folder changes.
     *
     * @throws FailureException MODEL_NOT_FOUND if there is no such model or version; MODEL_UNAVAILABLE if a version is not ready
     */
    public void setTraffic(String name, Traffic wanted) {
        String shadow = wanted.shadow() == null ? null : wanted.shadow().version();
        List<LoadedModel> unused = versions(name);
        Stream.of(wanted.main(), shadow)
                .filter(Objects::nonNull)
                .map(version -> find(name, version))
                .filter(model -> model.state() != ModelState.READY)
                .findFirst()
                .ifPresent(model -> {
                    throw new FailureException(
                            FailureCode.MODEL_UNAVAILABLE,
                            "%s is %s, and only a version that is READY gets requests. Nothing was changed"
                                    .formatted(model, model.state()));
                });
        traffic.set(name, wanted, candidates(name));
    }

    /** The version that is compared with the main one, if it is ready. */
    public @Nullable LoadedModel shadowOf(LoadedModel main) {
        Traffic rule = traffic.of(main.name());
        LoadedModel shadow = rule.shadow() == null
                ? null
                : version(main.name(), rule.shadow().version());
        return shadow != null && shadow != main && shadow.state() == ModelState.READY ? shadow : null;
    }

    /** Whether requests that name no version go to this one. */
    public boolean isMain(LoadedModel model) {
        return traffic.main(model.name(), candidates(model.name())).equals(model.version());
    }

    /**
     * The version that answers requests which name none, in any state. It need not exist: {@code traffic.yaml} may name it before its
     * files are there.
     *
     * @throws FailureException MODEL_NOT_FOUND if there is no such model
     */
    public String mainVersion(String name) {
        List<LoadedModel> unused = versions(name);
        return traffic.main(name, candidates(name));
    }

    /**
     * All versions of a model, newest first.
     *
     * @throws FailureException MODEL_NOT_FOUND if there is no such model
     */
    public List<LoadedModel> versions(String name) {
        List<LoadedModel> versions = listed(name);
        if (versions.isEmpty()) {
            throw new FailureException(
                    FailureCode.MODEL_NOT_FOUND,
                    "there is no model \"" + name + "\"; there are "
                            + models.stream().map(LoadedModel::name).distinct().toList());
        }
        return versions;
    }

    private List<LoadedModel> listed(String name) {
        return models.stream().filter(model -> model.name().equals(name)).toList();
    }

    private List<TrafficRules.Candidate> candidates(String name) {
        return listed(name).stream()
                .map(model -> new TrafficRules.Candidate(model.version(), model.state() == ModelState.READY))
                .toList();
    }

    private void readTraffic(Set<String> names) {
        names.forEach(name -> traffic.read(name, candidates(name)));
    }

    private Set<String> names() {
        return models.stream().map(LoadedModel::name).collect(Collectors.toSet());
    }

    /** Exactly this version, in any state; null if there is none. */
    public @Nullable LoadedModel version(String name, String version) {
        return find(new VersionKey(name, version));
    }

    /**
     * Loads all versions of a model from its files, also those that serve already. A version that serves goes on until the new one is
     * ready, or if the new one does not load. A version whose files are gone is unloaded.
     *
     * @return completes with the versions that do not load and the reasons; completes exceptionally with MODEL_NOT_FOUND if there are
     *     no files of this model
     */
    public CompletableFuture<Map<String, String>> load(String name) {
        return CompletableFuture.completedFuture(null)
                .thenComposeAsync(
                        nothing -> {
                            Map<VersionKey, ModelSource> now = listForClient();
                            now.keySet().removeIf(key -> !key.name().equals(name));
                            if (now.isEmpty()) {
                                String why = sources.whyLeftOut(name);
                                throw new FailureException(
                                        FailureCode.MODEL_NOT_FOUND,
                                        "there is no model \"" + name + "\" in the models folder"
                                                + (why == null ? "" : ". " + why));
                            }
                            readTraffic(Set.of(name));
                            Map<String, CompletableFuture<Optional<String>>> brought = new LinkedHashMap<>();
                            now.forEach((key, source) ->
                                    brought.put(key.version(), inTurn(key, () -> loadOrReplace(source))));
                            return CompletableFuture.allOf(brought.values().toArray(CompletableFuture[]::new))
                                    .thenApplyAsync(
                                            loaded -> {
                                                models.stream()
                                                        .filter(model -> model.name()
                                                                        .equals(name)
                                                                && !now.containsKey(VersionKey.of(model.source())))
                                                        .forEach(this::remove);
                                                Map<String, String> failed = new LinkedHashMap<>();
                                                brought.forEach((version, reason) ->
                                                        reason.join().ifPresent(why -> failed.put(version, why)));
                                                return failed;
                                            },
                                            loader);
                        },
                        loader);
    }

    /**
     * Loads a model again as exported, because it does not hold by its execution plan. It serves on until the new one is ready.
     * Nothing happens if it runs as exported already, does not serve, was replaced, or has been tried so before. Nor if its files
     * have changed: a load on request takes them.
     *
     * @param why a clause for the log and {@link LoadedModel#planReason}
     * @return completes when the new one serves, or when nothing is to do
     */
    public CompletableFuture<Void> runAsExported(LoadedModel failed, String why) {
        VersionKey key = VersionKey.of(failed.source());
        return CompletableFuture.completedFuture(null)
                .thenComposeAsync(nothing -> inTurn(key, () -> replaceAsExported(key, failed, why)), loader)
                .thenApply(reason -> null);
    }

    private CompletableFuture<Optional<String>> replaceAsExported(VersionKey key, LoadedModel current, String why) {
        if (find(key) != current
                || !current.serves()
                || current.plan() == ExecutionPlan.AS_EXPORTED
                || !current.firstTryAsExported()) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        if (!current.isMadeFrom(fingerprint(current.source()))) {
            LOG.log(
                    WARNING,
                    () -> current + " goes on by the plan " + current.plan() + " although " + why
                            + ": its files have changed since it was loaded. Load it again");
            return CompletableFuture.completedFuture(Optional.empty());
        }
        LOG.log(WARNING, () -> current + " is loaded again as exported: " + why);
        LoadedModel next = new LoadedModel(current.source(), states, "not by the plan " + current.plan() + ": " + why);
        return examiners.examine(next).then(() -> {
            next.load(engine, companions, batches, cores, plans);
            return succeeded(current, next);
        });
    }

    /**
     * Unloads all versions of a model after their accepted requests.
     *
     * @return completes when the memory is free; completes exceptionally with MODEL_NOT_FOUND if there is no such model
     */
    public CompletableFuture<Void> unload(String name) {
        return CompletableFuture.runAsync(() -> versions(name).forEach(model -> model.close(times.drain())), loader);
    }

    /**
     * Loads new and changed files, and unloads models whose files are gone. Files that changed within the settle time are left for a
     * later call, because they may be incomplete. A model must have been missing from a readable folder for the same time: a volume may be
     * away for a moment.
     */
    public CompletableFuture<Void> refresh() {
        return CompletableFuture.completedFuture(null)
                .thenComposeAsync(
                        nothing -> {
                            Map<VersionKey, ModelSource> now = listForRefresh();
                            Set<String> names = names();
                            now.keySet().forEach(key -> names.add(key.name()));
                            readTraffic(names);
                            changes.gone(models, now).forEach(this::remove);
                            List<CompletableFuture<?>> brought = new ArrayList<>();
                            now.forEach((key, source) -> {
                                if (!source.isReadable() && isKnown(source.name())) {
                                    return; // Its versions serve on.
                                }
                                String fingerprint = fingerprint(source);
                                LoadedModel current = find(key);
                                boolean changed = current == null || !fingerprint.equals(current.fingerprint());
                                if (changes.isSettled(key, fingerprint) && changed && !turns.containsKey(key)) {
                                    brought.add(inTurn(key, () -> loadOrReplace(source)));
                                }
                            });
                            return CompletableFuture.allOf(brought.toArray(CompletableFuture[]::new));
                        },
                        loader);
    }

    private Map<VersionKey, ModelSource> listForClient() {
        try {
            return listSources();
        } catch (UncheckedIOException e) {
            throw new FailureException(FailureCode.MODEL_UNAVAILABLE, e.getMessage() + ": " + e.getCause(), e);
        }
    }

    private Map<VersionKey, ModelSource> listForRefresh() {
        try {
            return listSources();
        } catch (UncheckedIOException e) {
            changes.nothingIsMissing();
            throw e;
        }
    }

    private boolean isKnown(String name) {
        return models.stream().anyMatch(model -> model.name().equals(name));
    }

    /** Checks for calls that have been inside the engine for too long. The watchdog calls this once a second. */
    public void watch() {
        engine.ageCalls();
        models.forEach(model -> model.watch(times.hang()));
    }

    /** The calls that have been inside the engine for too long, also those of loading, warm-up and verification. */
    public List<EngineCall> hanging() {
        return engine.overdue(times.hang());
    }

    /** On the loader's thread: loads of one version come one after the other, also those that wait for a judgement. */
    private CompletableFuture<Optional<String>> inTurn(
            VersionKey key, Supplier<CompletableFuture<Optional<String>>> load) {
        CompletableFuture<?> before = turns.get(key);
        CompletableFuture<Optional<String>> mine = before == null
                ? load.get()
                : before.handle((done, thrown) -> done).thenComposeAsync(done -> load.get(), loader);
        if (!mine.isDone()) {
            turns.put(key, mine);
            CompletableFuture<?> unused = mine.whenCompleteAsync((reason, thrown) -> turns.remove(key, mine), loader);
        }
        return mine;
    }

    /** On the loader's thread: completes with why the version does not load, if it does not. */
    private CompletableFuture<Optional<String>> loadOrReplace(ModelSource source) {
        LoadedModel current = find(VersionKey.of(source));
        LoadedModel next = new LoadedModel(source, states);
        boolean replaced = current == null || !current.serves();
        if (replaced && !publish(current, next)) {
            return CompletableFuture.completedFuture(Optional.of(CLOSING));
        }
        return examiners.examine(next).then(() -> {
            next.load(engine, companions, batches, cores, plans);
            return current == null || replaced ? tried(current, next) : succeeded(current, next);
        });
    }

    /** The model stands in the place of the other one already. */
    private Optional<String> tried(@Nullable LoadedModel before, LoadedModel next) {
        if (before != null) {
            before.retire(times.drain());
        }
        return next.state() == ModelState.READY
                ? Optional.empty()
                : Optional.of(Objects.requireNonNullElse(next.reason(), CLOSING));
    }

    /** The model takes the place of one that serves, if it is ready. */
    private Optional<String> succeeded(LoadedModel current, LoadedModel next) {
        if (next.state() == ModelState.READY) {
            // The one that served was unloaded meanwhile: that holds for its successor, too.
            if (current.state() == ModelState.UNLOADED || !publish(current, next)) {
                next.close(times.drain());
                return Optional.of(CLOSING);
            }
            current.retire(times.drain());
            return Optional.empty();
        }
        String why = Objects.requireNonNullElse(next.reason(), CLOSING);
        LOG.log(
                WARNING,
                () -> current + " serves on as it was loaded before, because the new load does not serve: " + why);
        current.reloadFailed(next.fingerprint(), why);
        return Optional.of(why);
    }

    /** Replaces a model by another in the list; returns false if the repository is being closed. */
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

    private void remove(LoadedModel model) {
        List<LoadedModel> left = new ArrayList<>(models);
        left.remove(model);
        models = List.copyOf(left);
        model.close(times.drain());
    }

    private @Nullable LoadedModel find(VersionKey key) {
        return models.stream()
                .filter(model -> VersionKey.of(model.source()).equals(key))
                .findFirst()
                .orElse(null);
    }

    private Map<VersionKey, ModelSource> listSources() {
        Map<VersionKey, ModelSource> listed = new LinkedHashMap<>();
        try {
            sources.list().forEach(source -> listed.put(VersionKey.of(source), source));
        } catch (IOException e) {
            throw new UncheckedIOException("the models cannot be listed", e);
        }
        return listed;
    }

    private static List<LoadedModel> sorted(List<LoadedModel> models) {
        return models.stream()
                .sorted(Comparator.comparing(LoadedModel::name)
                        .thenComparing(LoadedModel::version, VersionOrder.NEWEST_FIRST))
                .toList();
    }

    static String fingerprint(ModelSource source) {
        try {
            return source.fingerprint();
        } catch (IOException e) {
            return "unreadable: " + e;
        }
    }

    /** An executor with one thread, which ends when it has nothing to do. */
    private static ExecutorService loader() {
        return new ThreadPoolExecutor(0, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
            Thread thread = new Thread(work, "model-loader");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * A lease on a model in any state.
     *
     * @param version the version, or null for the one that {@link Traffic} names, else the newest that is ready, or the newest if none
     *     is ready
     * @throws FailureException with {@code MODEL_NOT_FOUND}
     */
    public ModelLease lease(String name, @Nullable String version) {
        while (true) {
            ModelLease lease = new ModelLease(find(name, version));
            // The loader first replaces a model in the list, and then waits for its leases. So if the model is still in
            // the
            // list, the loader will see this lease.
            if (models.contains(lease.model())) {
                return lease;
            }
            lease.close();
        }
    }

    /**
     * A model in any state.
     *
     * @param version the version, or null for the one that {@link Traffic} names, else the newest that is ready, or the newest if none
     *     is ready
     * @throws FailureException with {@code MODEL_NOT_FOUND}, or with {@code MODEL_UNAVAILABLE} if {@link Traffic} names a version that
     *     does not exist
     */
    public LoadedModel find(String name, @Nullable String version) {
        List<LoadedModel> versions = versions(name);
        String wanted = version != null ? version : mainVersion(name);
        return versions.stream()
                .filter(model -> model.version().equals(wanted))
                .findFirst()
                .orElseThrow(() -> {
                    List<String> others =
                            versions.stream().map(LoadedModel::version).toList();
                    return version != null
                            ? new FailureException(
                                    FailureCode.MODEL_NOT_FOUND,
                                    "model %s has no version \"%s\"; it has %s".formatted(name, wanted, others))
                            : new FailureException(
                                    FailureCode.MODEL_UNAVAILABLE,
                                    "model %s has no version \"%s\", which its traffic names as the default; it has %s. Bring that version, or make another one the default"
                                            .formatted(name, wanted, others));
                });
    }

    /** Unloads all models, as {@link #close(Duration)} with a time for calls that are inside the engine. Closing again does nothing. */
    @Override
    public void close() {
        close(CALLS_END);
    }

    /** Unloads all models after their accepted requests, all within the given time. */
    public void close(Duration drainTime) {
        synchronized (publishing) {
            closing = true;
        }
        long until = System.nanoTime() + drainTime.toNanos();
        for (LoadedModel model : models) {
            model.close(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
        }
    }
}
