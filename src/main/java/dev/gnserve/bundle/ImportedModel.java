package dev.gnserve.bundle;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * What a package becomes: the content of a model's folder.
 *
 * @param kind of the package, for people
 * @param manifest the fields of model.yaml
 * @param archive the TorchScript archive
 * @param files beside model.yaml
 * @param notes what a reader of model.yaml should know
 */
@SuppressWarnings("ArrayRecordComponent") // Made once, compared never.
public record ImportedModel(
        String kind, ObjectNode manifest, byte[] archive, Map<String, byte[]> files, List<String> notes) {

    public ImportedModel {
        files = Map.copyOf(files);
        notes = List.copyOf(notes);
    }

    /**
     * What the user says beside the package.
     *
     * @param labels names of the output channels; empty for those of the package
     * @param decoder how outputs are read; null for what the package says
     */
    public record Wish(List<String> labels, @Nullable String decoder) {}

    /**
     * Reads a package.
     *
     * @return empty if the path is no package
     * @throws RefusedPackageException naming the field that is not taken
     * @throws IOException if it cannot be read
     */
    public static Optional<ImportedModel> read(Path path, Wish wish) throws IOException {
        try (PackageFiles files = PackageFiles.open(path)) {
            if (files == null) {
                return Optional.empty();
            }
            Optional<String> description = files.find("bioimageio.yaml").or(() -> files.find("rdf.yaml"));
            if (description.isPresent()) {
                return Optional.of(new BioImageIo(files, description.get(), wish).read());
            }
            Optional<String> metadata = files.find("configs/metadata.json");
            return metadata.map(name -> new MonaiBundle(files, name, wish).read());
        }
    }

    /** The text of model.yaml. */
    public String yaml() {
        StringBuilder text =
                new StringBuilder("# yaml-language-server: $schema=http://localhost:8080/model.schema.json\n");
        text.append("# Made from a ").append(kind).append(".\n");
        notes.forEach(note -> text.append("# ").append(note).append('\n'));
        return text.append(new YAMLMapper().writeValueAsString(manifest).replaceFirst("^---\n", ""))
                .toString();
    }
}
