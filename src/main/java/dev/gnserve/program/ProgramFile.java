package dev.gnserve.program;

import dev.gnserve.archive.Checkpoint;
import dev.gnserve.archive.SavedTensor;
import dev.gnserve.archive.StoredTensor;
import dev.gnserve.archive.TensorType;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.archive.ZipFolder;
import dev.gnserve.program.ProgramJson.Payload;
import dev.gnserve.program.ProgramJson.Payloads;
import dev.gnserve.program.ProgramJson.TensorMeta;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What {@code torch.export.save} wrote, in either of its layouts: up to torch 2.7 a JSON file with the results of torch.save beside
 * it, from torch 2.8 on a folder with {@code models/} and {@code data/}.
 *
 * @param json the program, of schema {@value #MAJOR}
 * @param weights parameters and persistent buffers by name
 * @param constants constants and other buffers by name
 */
record ProgramFile(ProgramJson.Program json, Map<String, SavedTensor> weights, Map<String, SavedTensor> constants) {

    /** The major version of the schema that is read: that of torch 2.6 and later. */
    static final int MAJOR = 8;

    private static final int MAX_JSON_BYTES = 64 << 20;
    private static final int MAX_TABLE_BYTES = 64 << 20;

    private static final String OLD = "serialized_exported_program.json";
    private static final String MODELS = "models/";
    private static final String WEIGHTS = "weights";
    private static final String CONSTANTS = "constants";

    private static final String SAVE_PROGRAM =
            " Save the program itself: torch.export.save(torch.export.export(model, inputs), \"model.pt2\")";

    /** Whether a zip is what {@code torch.export} or AOTInductor writes. */
    static boolean is(ZipFolder zip) {
        return zip.has(OLD) || zip.has("archive_format") || !models(zip).isEmpty() || isCompiled(zip);
    }

    /**
     * Reads a program.
     *
     * @throws TorchScriptException if it is damaged, or of a kind that is not served
     */
    static ProgramFile of(ZipFolder zip) {
        if (zip.has(OLD)) {
            return new ProgramFile(
                    program(zip, OLD),
                    Checkpoint.tensors(zip.nested("serialized_state_dict.pt")),
                    Checkpoint.tensors(zip.nested("serialized_constants.pt")));
        }
        List<String> models = models(zip);
        if (models.isEmpty()) {
            throw new TorchScriptException(
                    isCompiled(zip)
                            ? "a package of AOTInductor, compiled for one kind of machine, not an exported program."
                                    + SAVE_PROGRAM
                            : "a .pt2 archive without an exported program (models/model.json)." + SAVE_PROGRAM);
        }
        String order = zip.has("byteorder")
                ? new String(zip.bytes("byteorder", 100), StandardCharsets.UTF_8).strip()
                : "little";
        if (!order.equals("little")) {
            throw new TorchScriptException(
                    "the program's byte order is not little, but it must be. Save it on a" + " little-endian machine");
        }
        if (models.size() > 1) {
            throw new TorchScriptException(
                    "a .pt2 archive with " + models.size() + " programs, allowed is one. Save each to a separate file");
        }
        String file = models.get(0);
        String name = file.substring(MODELS.length(), file.length() - ".json".length());
        return new ProgramFile(program(zip, file), tensors(zip, WEIGHTS, name), tensors(zip, CONSTANTS, name));
    }

    private static List<String> models(ZipFolder zip) {
        return zip.names().stream()
                .filter(name -> name.startsWith(MODELS) && name.endsWith(".json"))
                .toList();
    }

    private static boolean isCompiled(ZipFolder zip) {
        return zip.names().stream().anyMatch(name -> name.startsWith("data/aotinductor/"));
    }

    private static ProgramJson.Program program(ZipFolder zip, String file) {
        JsonNode version = ProgramJson.read(zip.bytes(file, MAX_JSON_BYTES), VersionOnly.class, file)
                .schemaVersion();
        JsonNode major = version == null || !version.isObject() ? version : version.get("major");
        if (major == null || !major.isInt() || major.intValue() != MAJOR) {
            throw new TorchScriptException("the program has schema " + (major == null ? "unknown" : major.toString())
                    + ", read is schema " + MAJOR
                    + " (torch 2.6 and later). Export and save the model with such a version of PyTorch");
        }
        return ProgramJson.read(zip.bytes(file, MAX_JSON_BYTES), ProgramJson.Program.class, file);
    }

    /** Read first: another major version may have another structure. */
    private record VersionOnly(@Nullable JsonNode schemaVersion) {}

    private static Map<String, SavedTensor> tensors(ZipFolder zip, String kind, String name) {
        String folder = "data/" + kind + "/";
        String whole = folder + name + ".pt"; // torch 2.8
        if (zip.has(whole)) {
            return Checkpoint.tensors(zip.nested(whole));
        }
        String table = folder + name + "_" + kind + "_config.json";
        Map<String, SavedTensor> tensors = new LinkedHashMap<>();
        ProgramJson.read(zip.bytes(table, MAX_TABLE_BYTES), Payloads.class, table)
                .config()
                .forEach((key, payload) -> {
                    String file = folder + payload.pathName();
                    if (payload.usePickle() && payload.tensorMeta() != null) {
                        tensors.put(key, Checkpoint.tensor(zip.nested(file)));
                    } else if (payload.tensorMeta() != null) {
                        tensors.put(key, raw(zip, file, key, payload));
                    }
                    // What has no tensor is an object of Python or TorchBind; a program that uses it is refused.
                });
        return tensors;
    }

    private static SavedTensor raw(ZipFolder zip, String file, String key, Payload payload) {
        TensorMeta meta = Objects.requireNonNull(payload.tensorMeta());
        TensorType type = ScalarTypes.stored(meta.dtype(), key);
        return new SavedTensor(
                zip,
                new StoredTensor(
                        type,
                        meta.sizes().stream().map(ProgramFile::fixed).toList(),
                        meta.strides().stream().map(ProgramFile::fixed).toList(),
                        file,
                        zip.size(file) / type.bytes(),
                        meta.storageOffset() == null ? 0 : fixed(meta.storageOffset())));
    }

    private static long fixed(JsonNode size) {
        JsonNode value = size.get("as_int");
        if (value == null || !value.isIntegralNumber()) {
            throw ProgramJson.damaged("a weight has a size that is no number");
        }
        return value.longValue();
    }
}
