package dev.gnserve.cli;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.bundle.ImportedModel;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.Golden;
import dev.gnserve.model.InvalidManifestException;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.pipeline.VolumeGolden;
import dev.gnserve.program.ArchiveFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.json.JsonMapper;

/** Makes the folder of a model from a package of BioImage.IO or a MONAI bundle, loads it, and runs its test tensors. */
final class PackageImport {

    private final Path folder;
    private final ImportedModel imported;
    private final CommandSpec spec;
    private final boolean json;

    /** @param json whether to print JSON */
    PackageImport(Path folder, ImportedModel imported, CommandSpec spec, boolean json) {
        this.folder = folder;
        this.imported = imported;
        this.spec = spec;
        this.json = json;
    }

    /** The JSON output. */
    private record Made(String folder, String kind, List<String> labels, boolean testTensorsHold, List<String> notes) {}

    /**
     * Writes the folder. If the model does not load, or its test tensors do not hold, nothing stays of it.
     *
     * @return the exit code
     */
    int make() throws IOException {
        String fault;
        try {
            ModelManifest manifest = ManifestReader.read("model.yaml", imported.yaml());
            write();
            fault = tried(manifest);
            if (fault == null) {
                print(manifest);
                return 0;
            }
        } catch (InvalidManifestException e) {
            fault = String.valueOf(e.getMessage());
        } catch (TorchScriptException e) {
            fault = "its archive is not served: " + e.getMessage();
        } catch (FailureException e) {
            fault = e.failure().detail();
        }
        remove();
        spec.commandLine().getErr().println("nothing is written. " + fault);
        return 1;
    }

    private void write() throws IOException {
        Files.createDirectories(folder.resolve("1"));
        Files.write(folder.resolve("1").resolve("model.pt"), imported.archive());
        for (Map.Entry<String, byte[]> file : imported.files().entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        Files.writeString(folder.resolve("model.yaml"), imported.yaml(), StandardCharsets.UTF_8);
    }

    /** Loads the model, and compares its outputs for the test tensors. Returns what is wrong, or null. */
    private @Nullable String tried(ModelManifest manifest) throws IOException {
        try (ArchiveSnapshot archive = ArchiveFile.read(folder.resolve("1").resolve("model.pt"))) {
            archive.torchScript(); // Read before the engine sees it.
        }
        try (Engine engine = new Engine(PyTorchBackend.start(EngineSettings.defaults()))) {
            LoadedModel model = LoadedModel.alone(NamedModel.find(folder.toString(), null, spec), engine);
            try {
                Golden golden = manifest.golden();
                return golden == null ? null : VolumeGolden.forCommands().difference(model, model, golden);
            } finally {
                model.close(Duration.ofSeconds(10));
            }
        }
    }

    private void remove() throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private void print(ModelManifest manifest) {
        PrintWriter out = spec.commandLine().getOut();
        boolean tensors = manifest.golden() != null;
        if (json) {
            Made made = new Made(folder.toString(), imported.kind(), manifest.labels(), tensors, imported.notes());
            out.println(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(made));
        } else {
            out.println(folder + "/model.yaml: from a " + imported.kind() + ", labels " + manifest.labels());
            out.println(tensors ? "test tensors: hold" : "test tensors: none");
            imported.notes().forEach(note -> out.println("note: " + note));
            out.println();
            out.println("  java -jar gnserve.jar serve --gnserve.models-dir=" + folder.getParent());
            out.println("  curl -F image=@volume.nii.gz http://localhost:8080"
                    + manifest.task().path(String.valueOf(folder.getFileName())));
        }
        out.flush();
    }
}
