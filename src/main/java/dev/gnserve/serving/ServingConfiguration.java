package dev.gnserve.serving;

import dev.gnserve.backend.BackendDescription;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.PassMemory;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.Ticker;
import dev.gnserve.failure.MisconfiguredException;
import dev.gnserve.model.EmbeddedModels;
import dev.gnserve.model.FolderSources;
import dev.gnserve.model.HeldEvents;
import dev.gnserve.model.LifecycleTimes;
import dev.gnserve.model.ModelCompanion;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.ModelSources;
import dev.gnserve.model.PlanChoice;
import dev.gnserve.model.Traffic;
import dev.gnserve.model.TunedPlans;
import dev.gnserve.process.HardExit;
import dev.gnserve.process.Headroom;
import dev.gnserve.process.MemoryPlan;
import dev.gnserve.process.NameEncoding;
import dev.gnserve.trial.ArchiveTrials;
import dev.gnserve.trial.TrialLimits;
import dev.gnserve.tuning.BriefTuning;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Makes the engine and the models, and ties them to the lifecycle of the application. */
@Configuration(proxyBeanMethods = false)
class ServingConfiguration {

    private static final Logger log = LoggerFactory.getLogger(ServingConfiguration.class);

    /** The exit code of a JVM that SIGTERM ends. */
    private static final int EXIT_AFTER_SIGTERM = 128 + 15;

    private static final int EXIT_AFTER_FAILED_START = 1;

    private final AtomicBoolean started = new AtomicBoolean();

    @Bean
    MemoryPlan memoryPlan() {
        return MemoryPlan.ofThisProcess();
    }

    @Bean(destroyMethod = "close")
    Engine engine(ServingSettings settings, MemoryPlan plan) {
        int threads = settings.threads() == null ? EngineSettings.defaults().threads() : settings.threads();
        Engine engine = new Engine(
                PyTorchBackend.start(new EngineSettings(settings.device(), threads)),
                new PassMemory(plan.passes(), new Headroom(plan.limit())::holds));
        SpringApplication.getShutdownHandlers().add(() -> haltIfBusy(engine));
        return engine;
    }

    /** The last step of a shutdown. With a call inside the engine, a normal exit of the JVM would crash. */
    private void haltIfBusy(Engine engine) {
        if (!engine.isIdle()) {
            log.warn("The process halts while calls are inside the engine");
            HardExit.now(started.get() ? EXIT_AFTER_SIGTERM : EXIT_AFTER_FAILED_START);
        }
    }

    /** Closing ends the trial process, also in the middle of a trial. */
    @Bean(destroyMethod = "close")
    ArchiveTrials archiveTrials(Engine engine, TrialSettings trial, ArchiveSettings archives) {
        BackendDescription backend = engine.describe();
        String device = backend.device().startsWith("gpu") ? "GPU" : "CPU";
        List<String> process = List.of("trial", "--device", device, "--threads", Integer.toString(backend.threads()));
        return new ArchiveTrials(
                trial.enabled() ? process : null,
                archives.allowFileOperators(),
                TrialLimits.of(trial.time()),
                engine.memory());
    }

    /** All models that can be served: the embedded ones, and those in the folder. */
    @Bean
    ModelSources allModels(ServingSettings settings) throws IOException {
        String names = NameEncoding.flaw();
        if (names != null) {
            log.warn(names);
        }
        List<ModelSource> embedded = EmbeddedModels.list(ServingConfiguration.class.getClassLoader());
        FolderSources folder = new FolderSources(modelsFolder(settings));
        return new ModelSources() {
            @Override
            public List<ModelSource> list() throws IOException {
                List<ModelSource> all = new ArrayList<>(embedded);
                all.addAll(folder.list());
                return all;
            }

            @Override
            public Traffic traffic(String name) throws IOException {
                return folder.traffic(name);
            }

            @Override
            public @Nullable String whyLeftOut(String name) {
                return folder.whyLeftOut(name);
            }
        };
    }

    /** Events of models that load before all components exist. Spring would lose them. */
    @Bean
    HeldEvents modelEvents(ApplicationEventPublisher events) {
        return new HeldEvents(events::publishEvent);
    }

    /** The models load while the other components are made. If one of these fails, closing ends the loading. */
    @Bean(destroyMethod = "close")
    ModelRepository modelRepository(
            Engine engine,
            ArchiveTrials trials,
            ModelSources all,
            ServingSettings settings,
            List<BatchListener> listeners,
            HeldEvents events,
            List<ModelCompanion.Factory> companions) {
        Set<String> wanted = settings.models();
        ModelSources sources = wanted == null
                ? all
                : new ModelSources() {
                    @Override
                    public List<ModelSource> list() throws IOException {
                        List<ModelSource> served = new ArrayList<>(all.list());
                        served.removeIf(model -> !wanted.contains(model.name()));
                        return served;
                    }

                    @Override
                    public Traffic traffic(String name) throws IOException {
                        return all.traffic(name);
                    }

                    @Override
                    public @Nullable String whyLeftOut(String name) {
                        return wanted.contains(name) ? all.whyLeftOut(name) : "gnserve.models names only " + wanted;
                    }
                };
        LifecycleTimes times = new LifecycleTimes(settings.drainTime(), settings.hangTime(), settings.settleTime());
        ModelRepository repository = new ModelRepository(
                engine,
                sources,
                BatchListener.all(listeners),
                events::accept,
                companions,
                times,
                Ticker.system(),
                trials,
                planChoice(settings));
        repository.start();
        return repository;
    }

    private static PlanChoice planChoice(ServingSettings settings) {
        Duration time = settings.tuneTime();
        return time.isZero() ? PlanChoice.KEPT : new PlanChoice(TunedPlans.ofUser(), new BriefTuning(time));
    }

    private static Path modelsFolder(ServingSettings settings) {
        Path folder = settings.modelsDir() == null ? Path.of("models") : settings.modelsDir();
        boolean required = settings.modelsDir() != null || Files.exists(folder);
        if (required && !(Files.isDirectory(folder) && Files.isReadable(folder) && Files.isExecutable(folder))) {
            throw new MisconfiguredException("gnserve.models-dir is " + folder
                    + ", which is not a folder that this process can read. Name or mount one that it can read, or remove the"
                    + " property to serve only the embedded models.");
        }
        return folder;
    }

    /** Stops after the last response of the web server. At the first start, models load already. */
    @Bean
    SmartLifecycle modelLifecycle(ModelRepository repository, HeldEvents events, ServingSettings settings) {
        return new SmartLifecycle() {
            private volatile boolean running;
            private boolean stopped;
            private final ModelWatch watch = new ModelWatch(repository, settings.watchInterval());

            @Override
            public void start() {
                events.release();
                started.set(true);
                if (stopped) {
                    repository.start();
                    stopped = false;
                }
                watch.start();
                running = true;
            }

            @Override
            public void stop() {
                watch.stop();
                repository.close(settings.drainTime());
                stopped = true;
                running = false;
            }

            @Override
            public boolean isRunning() {
                return running;
            }

            @Override
            public int getPhase() {
                return 0;
            }
        };
    }
}
