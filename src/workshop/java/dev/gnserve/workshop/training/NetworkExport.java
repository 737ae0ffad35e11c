package dev.gnserve.workshop.training;

import dev.gnserve.archive.TorchScriptWriter;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;

/** From a run to an archive that is served. */
public final class NetworkExport {

    private static final System.Logger LOG = System.getLogger(NetworkExport.class.getName());

    private NetworkExport() {}

    /**
     * Writes the averaged weights of a run's newest checkpoint as a TorchScript archive.
     *
     * @return the number of steps it was trained
     */
    public static int write(Path run, Path archive) throws IOException {
        RunFolder folder = new RunFolder(run);
        Recipe recipe = folder.recipe();
        Checkpoint checkpoint = folder.checkpoint();
        try (PyTorchBackend engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1))) {
            LOG.log(
                    Level.DEBUG,
                    () -> run + " at step " + checkpoint.step() + " in "
                            + engine.describe().name());
            TorchScriptWriter.write(recipe.script(checkpoint.average()), recipe.archiveName(), archive);
        }
        return checkpoint.step();
    }
}
