package dev.gnserve.backend.djl;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.ForwardSignature;
import dev.gnserve.archive.InputConversion;
import dev.gnserve.archive.PlannedArchive;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendDescription;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.InferenceBackend;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The PyTorch engine of this process, shared by all models. Thread-safe.
 *
 * <p>DJL downloads nothing and reports no usage: {@link #start} switches both off before the first class of DJL loads, unless
 * {@code ai.djl.offline} or {@code OPT_OUT_TRACKING} is set.
 */
public final class PyTorchBackend implements InferenceBackend {

    private static final System.Logger LOG = System.getLogger(PyTorchBackend.class.getName());

    private final EngineSettings settings;
    private final ai.djl.engine.Engine djl;
    private final ai.djl.Device device;
    private final String version;
    private final NDManager arrays;
    private final Cores cores;
    private final BatchMemory memory;

    private PyTorchBackend(EngineSettings settings) {
        this.settings = settings;
        this.cores = new Cores(settings.threads());
        this.memory = new BatchMemory(settings.threads());
        this.djl = ai.djl.engine.Engine.getEngine("PyTorch");
        this.version = djl.getVersion();
        this.device = choose(settings.device(), djl);
        this.arrays = djl.newBaseManager(device);
    }

    /**
     * Loads the native libraries. The first start on a machine unpacks them.
     *
     * @throws FailureException with {@code ENGINE_FAULT} if they do not load, or if the settings ask for a GPU and there is none
     */
    public static PyTorchBackend start(EngineSettings settings) {
        OpenMp.spinBriefly();
        setUnlessSet("ai.djl.offline", "true");
        setUnlessSet("OPT_OUT_TRACKING", "true");
        // The optimizer would compile the graph again for each batch size, which takes seconds.
        setUnlessSet(PyTorchSession.GRAPH_OPTIMIZER, "false");
        setUnlessSet("ai.djl.pytorch.num_interop_threads", "1");
        setUnlessSet("ai.djl.pytorch.num_threads", Integer.toString(settings.threads()));
        try {
            EngineLibraries libraries = EngineLibraries.prepare();
            try {
                return new PyTorchBackend(settings);
            } finally {
                libraries.deleteTemporary();
            }
        } catch (IOException | ai.djl.engine.EngineException | UnsatisfiedLinkError e) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "the PyTorch engine does not start on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + ": " + e.getMessage()
                            + (e.getCause() == null ? "" : " (" + e.getCause() + ")")
                            + ". Its native libraries are in the jar, which unpacks them below DJL_CACHE_DIR (~/.djl.ai);"
                            + " PYTORCH_LIBRARY_PATH can name others.",
                    e);
        }
    }

    /** Loads a TorchScript archive. If it calls operators that this engine does not have, they are replaced. */
    @Override
    public PyTorchModel load(ArchiveSnapshot archive, BackendPlan plan) {
        ForwardSignature declared = signature(archive);
        try (ArchiveSnapshot changed = changed(archive, plan.execution())) {
            return loadOrRepair(changed == null ? archive : changed, plan, declared);
        } catch (IOException e) {
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    archive.name() + " cannot be changed for this engine: " + e.getMessage(),
                    e);
        }
    }

    /** The archive with the plan. A network of another floating-point type than float32 takes float32. Null without a change. */
    private static @Nullable ArchiveSnapshot changed(ArchiveSnapshot archive, ExecutionPlan plan) throws IOException {
        try {
            TorchScriptArchive read = archive.torchScript();
            TorchScriptArchive changed = PlannedArchive.of(InputConversion.of(read), plan);
            return changed == read ? null : ArchiveSnapshot.of(changed, archive.name());
        } catch (TorchScriptException e) {
            if (plan == ExecutionPlan.AS_EXPORTED) {
                return null; // Only the engine can read it.
            }
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    archive.name() + " cannot run by the plan " + plan + ": " + e.getMessage(),
                    e);
        }
    }

    private PyTorchModel loadOrRepair(ArchiveSnapshot archive, BackendPlan plan, ForwardSignature declared) {
        try {
            return load(archive, plan, declared, List.of());
        } catch (FailureException refusal) {
            if (!RepairedArchive.canRepair(refusal.toString())) {
                throw refusal;
            }
            return loadRepaired(archive, plan, declared, refusal);
        }
    }

    private PyTorchModel loadRepaired(
            ArchiveSnapshot archive, BackendPlan plan, ForwardSignature declared, FailureException first) {
        RepairedArchive repaired = RepairedArchive.of(archive.torchScript());
        FailureException refusal = first;
        while (true) {
            FailureException last = refusal;
            repaired = repaired.without(last.toString()).orElseThrow(() -> last);
            try (ArchiveSnapshot next = ArchiveSnapshot.of(repaired.archive(), archive.name())) {
                PyTorchModel model = load(next, plan, declared, repaired.replacements());
                repaired.replacements()
                        .forEach(replacement -> LOG.log(
                                replacement.defined() ? DEBUG : WARNING,
                                () -> archive.name() + " calls an operator that PyTorch " + version + " does not have: "
                                        + replacement));
                return model;
            } catch (IOException e) {
                throw new FailureException(
                        FailureCode.ENGINE_FAULT, archive.name() + " cannot be repaired: " + e.getMessage(), e);
            } catch (FailureException e) {
                refusal = e;
            }
        }
    }

    private PyTorchModel load(
            ArchiveSnapshot archive,
            BackendPlan plan,
            ForwardSignature declared,
            List<RepairedArchive.Replacement> replacements) {
        ai.djl.Device target = plan.device() == Device.AUTO ? device : choose(plan.device(), djl);
        NDManager manager = arrays.newSubManager(target);
        try (InputStream in = archive.newInputStream()) {
            PtSymbolBlock block = JniUtils.loadModule((PtNDManager) manager, in, false, false);
            JniUtils.enableInferenceMode(block);
            if (isPlanned(archive)) {
                IValueUtils.runMethod(block, PlannedArchive.PREPARE).close();
            }
            return new PyTorchModel(
                    block, manager, memory, cores, plan.threads(), label(target), declared, replacements);
        } catch (ai.djl.engine.EngineException | IllegalArgumentException | IOException e) {
            manager.close();
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "PyTorch " + version + " does not load " + archive.name() + ": " + NativeMessage.of(e),
                    e);
        } catch (RuntimeException | Error e) {
            manager.close();
            throw e;
        }
    }

    private static boolean isPlanned(ArchiveSnapshot archive) {
        try {
            return PlannedArchive.isPlanned(archive.torchScript());
        } catch (TorchScriptException e) { // Only the engine can read it, and no plan is in it.
            return false;
        }
    }

    /** The signature of {@code forward}; one tensor in and out if only the engine can read the archive. */
    private static ForwardSignature signature(ArchiveSnapshot archive) {
        try {
            return archive.torchScript().forward();
        } catch (TorchScriptException e) {
            LOG.log(
                    WARNING,
                    () -> "the inputs and outputs that " + archive.name() + " declares cannot be read: "
                            + e.getMessage());
            return ForwardSignature.TENSOR;
        }
    }

    @Override
    public BackendDescription describe() {
        return new BackendDescription("PyTorch " + version, label(device), settings.threads());
    }

    @Override
    public int openArrays() {
        return ((BaseNDManager) arrays).getManagedArrays().size();
    }

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
            throw new FailureException(
                    FailureCode.ENGINE_FAULT,
                    "the device is set to a GPU, but PyTorch " + djl.getVersion()
                            + " finds none. It needs an NVIDIA driver and a CUDA build of libtorch (PYTORCH_LIBRARY_PATH,"
                            + " PYTORCH_VERSION, PYTORCH_FLAVOR)");
        }
        return wanted != Device.CPU && gpus > 0 ? ai.djl.Device.gpu() : ai.djl.Device.cpu();
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null && System.getenv(property) == null) {
            System.setProperty(property, value);
        }
    }
}
