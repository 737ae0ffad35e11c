package dev.gnserve.backend.djl;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.JniUtils;
import dev.gnserve.archive.ForwardSignature;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.Device;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The PyTorch engine of this process: offline, started once, shared by all models. Thread-safe.
 *
 * <p>Nothing is downloaded and nobody is told that it runs: both are switched off before the first class of DJL loads,
 * unless the operator has set {@code ai.djl.offline} or {@code DJL_OFFLINE} himself.
 */
public final class PyTorchBackend implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(PyTorchBackend.class.getName());

    private final EngineSettings settings;
    private final ai.djl.engine.Engine djl;
    private final ai.djl.Device device;
    private final String version;
    private final NDManager arrays;
    private final Cores cores;

    private PyTorchBackend(EngineSettings settings) {
        this.settings = settings;
        this.cores = new Cores(settings.threads());
        this.djl = ai.djl.engine.Engine.getEngine("PyTorch");
        this.version = djl.getVersion();
        this.device = choose(settings.device(), djl);
        this.arrays = djl.newBaseManager(device);
    }

    /** Loads the native libraries, which unpacks them on the first start on a machine. */
    public static PyTorchBackend start(EngineSettings settings) {
        OpenMp.spinBriefly();
        setUnlessSet("ai.djl.offline", "true");
        setUnlessSet("OPT_OUT_TRACKING", "true");
        // Batch sizes vary: the optimizer would specialize the graph again for each, which takes seconds.
        setUnlessSet(PyTorchSession.GRAPH_OPTIMIZER, "false");
        setUnlessSet("ai.djl.pytorch.num_interop_threads", "1");
        setUnlessSet("ai.djl.pytorch.num_threads", Integer.toString(settings.threads()));
        try {
            return new PyTorchBackend(settings);
        } catch (ai.djl.engine.EngineException | UnsatisfiedLinkError e) {
            throw new FailureException(Failure.of(
                    FailureCode.ENGINE_FAULT,
                    "the PyTorch engine does not start on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + ": " + e.getMessage()
                            + (e.getCause() == null ? "" : " (" + e.getCause() + ")")
                            + ". Its native libraries come with the jar, which unpacks them below DJL_CACHE_DIR (~/.djl.ai),"
                            + " or from PYTORCH_LIBRARY_PATH.",
                    e));
        }
    }

    /** Opens an archive's bytes, as often as they are needed. */
    @FunctionalInterface
    public interface ArchiveSource {
        InputStream open() throws IOException;
    }

    /** Loads a TorchScript archive; see {@link #load(ArchiveSource, String, Device)}. */
    public PyTorchModel load(Path archive) {
        try {
            return load(() -> Files.newInputStream(archive), archive.toString(), Device.AUTO);
        } catch (IOException e) {
            throw new FailureException(
                    Failure.of(FailureCode.ENGINE_FAULT, archive + " cannot be read: " + e.getMessage(), e));
        }
    }

    /**
     * Loads a TorchScript archive as it is, or repaired when it names operators that this engine does not have.
     *
     * @param name for messages only
     * @param where it runs; {@code AUTO} is where this engine's models run by default
     */
    public PyTorchModel load(ArchiveSource archive, String name, Device where) throws IOException {
        try (InputStream in = archive.open()) {
            PyTorchModel model = load(in, name, where);
            try (InputStream again = archive.open()) {
                model.declaredBy(signature(again));
            }
            return model;
        } catch (FailureException refusal) {
            if (!RepairedArchive.canAnswer(refusal.toString())) {
                throw refusal;
            }
        }
        try (InputStream in = archive.open()) {
            return load(TorchScriptArchive.of(in.readAllBytes()), name, where);
        }
    }

    /**
     * Loads a TorchScript archive.
     *
     * @param name for messages only
     * @param where it runs; {@code AUTO} is where this engine's models run by default
     */
    public PyTorchModel load(InputStream archive, String name, Device where) throws IOException {
        ai.djl.Device target = where == Device.AUTO ? device : choose(where, djl);
        NDManager manager = arrays.newSubManager(target);
        try {
            PtSymbolBlock block = JniUtils.loadModule((PtNDManager) manager, archive, false, false);
            JniUtils.enableInferenceMode(block);
            return new PyTorchModel(block, manager, cores, label(target));
        } catch (ai.djl.engine.EngineException | IllegalArgumentException e) {
            manager.close();
            throw new FailureException(Failure.of(
                    FailureCode.ENGINE_FAULT,
                    "PyTorch " + version + " does not load " + name + ": " + NativeMessage.of(e),
                    e));
        } catch (IOException | RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }

    /** Loads an archive; operators that the engine does not have are replaced. */
    public PyTorchModel load(TorchScriptArchive archive, String name, Device where) {
        RepairedArchive repaired = RepairedArchive.of(archive);
        while (true) {
            try (InputStream in = repaired.archive().inputStream()) {
                PyTorchModel model = load(in, name, where);
                model.declaredBy(archive.forward());
                model.repairedBy(repaired.replacements());
                repaired.replacements()
                        .forEach(replacement -> LOG.log(
                                replacement.defined() ? DEBUG : WARNING,
                                () -> name + " calls what PyTorch " + version + " does not have: " + replacement));
                return model;
            } catch (IOException e) {
                throw new FailureException(
                        Failure.of(FailureCode.ENGINE_FAULT, name + " cannot be read: " + e.getMessage(), e));
            } catch (FailureException refusal) {
                repaired = repaired.without(refusal.toString()).orElseThrow(() -> refusal);
            }
        }
    }

    /** Of an archive that the engine can load and we cannot read, only the usual is known. */
    private static ForwardSignature signature(InputStream archive) throws IOException {
        try {
            return TorchScriptArchive.of(archive.readAllBytes()).forward();
        } catch (TorchScriptException e) {
            LOG.log(WARNING, () -> "what the model takes and gives cannot be read: " + e.getMessage());
            return ForwardSignature.TENSOR;
        }
    }

    /** The engine's name and version, as {@code PyTorch 2.7.1}. */
    public String description() {
        return "PyTorch " + version;
    }

    /** Where models run, as {@code cpu} or {@code gpu0}. */
    public String device() {
        return label(device);
    }

    public EngineSettings settings() {
        return settings;
    }

    /** How many native arrays are open now, apart from the models' own parameters. */
    public int openArrays() {
        return ((BaseNDManager) arrays).getManagedArrays().size();
    }

    /** Closes everything that was loaded. */
    @Override
    public void close() {
        arrays.close();
    }

    private static String label(ai.djl.Device device) {
        return device.isGpu() ? "gpu" + device.getDeviceId() : "cpu";
    }

    private static ai.djl.Device choose(Device wanted, ai.djl.engine.Engine djl) {
        int gpus = djl.getGpuCount();
        if (wanted == Device.GPU && gpus == 0) {
            throw new FailureException(Failure.of(
                    FailureCode.ENGINE_FAULT,
                    "a GPU is asked for and PyTorch " + djl.getVersion()
                            + " sees none: it needs an NVIDIA driver and a CUDA build of libtorch (PYTORCH_LIBRARY_PATH,"
                            + " PYTORCH_VERSION, PYTORCH_FLAVOR)"));
        }
        return wanted != Device.CPU && gpus > 0 ? ai.djl.Device.gpu() : ai.djl.Device.cpu();
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null && System.getenv(property) == null) {
            System.setProperty(property, value);
        }
    }
}
