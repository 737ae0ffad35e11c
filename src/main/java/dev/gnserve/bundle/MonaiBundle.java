package dev.gnserve.bundle;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A MONAI bundle with a model of volumes (MONAI, docs/source/mb_specification.rst): {@code configs/metadata.json} for the tensors,
 * {@code configs/inference.json} for what comes before and after them, and {@code models/model.ts}.
 *
 * <p>inference.json is configuration of Python objects. What can be read without Python is read: {@code _target_} with literal arguments and
 * {@code @} references to them. Every {@code $} expression that is needed is refused by name.
 */
final class MonaiBundle {

    private final PackageFiles files;
    private final String root;
    private final ImportedModel.Wish wish;
    private final JsonNode metadata;
    private final JsonNode inference;
    private final List<String> notes = new ArrayList<>();

    MonaiBundle(PackageFiles files, String name, ImportedModel.Wish wish) {
        this.files = files;
        this.wish = wish;
        this.root = name.substring(0, name.length() - "configs/metadata.json".length());
        this.metadata = parsed("configs/metadata.json");
        String yaml = "configs/inference.yaml";
        this.inference = parsed(files.has(root + yaml) ? yaml : "configs/inference.json");
    }

    private JsonNode parsed(String name) {
        return PackageFiles.parsed(name, files.read("the bundle", root + name, null));
    }

    ImportedModel read() {
        if (files.find("models/model.ts").isEmpty()) {
            throw new RefusedPackageException(
                    "the bundle has no models/model.ts; make it with python -m monai.bundle ckpt_export, or ask the publisher for it");
        }
        byte[] archive = files.read("the bundle", root + "models/model.ts", null);
        JsonNode input = tensor("inputs");
        JsonNode output = tensor("outputs");
        int dimensions = input.path("spatial_shape").size();
        if (dimensions != 3) {
            throw new RefusedPackageException("network_data_format.inputs: spatial_shape is "
                    + input.path("spatial_shape") + "; gnserve takes three axes of space");
        }
        ObjectNode manifest = JsonMapper.shared().createObjectNode();
        manifest.put("task", "segmentation");
        List<String> channels = channels(output);
        ArrayNode labels = manifest.putArray("labels");
        channels.stream().filter(name -> !name.equals("background")).forEach(labels::add);
        text(manifest, "description");
        ObjectNode section = manifest.putObject("input");
        section.put("channels", input.path("num_channels").asInt(1));
        ObjectNode volume = section.putObject("volume");
        MonaiTransforms transforms = new MonaiTransforms(this, volume, imageKey());
        transforms.before("preprocessing", value("preprocessing", inference.path("preprocessing")));
        inferer(volume);
        ObjectNode outputs = manifest.putObject("output");
        ArrayNode names = outputs.putArray("channels");
        channels.forEach(names::add);
        transforms.after(
                "postprocessing",
                value("postprocessing", inference.path("postprocessing")),
                outputs,
                manifest,
                channels);
        if (wish.decoder() != null) {
            outputs.put("decoder", wish.decoder());
        }
        manifest.putObject("verification").put("onLoad", "warn");
        notes.add("The bundle has no test tensors: compare a result with that of MONAI before you rely on it.");
        return new ImportedModel(
                "MONAI bundle, version " + metadata.path("version").asString("unknown"),
                manifest,
                archive,
                Map.of(),
                notes);
    }

    private void text(ObjectNode manifest, String field) {
        if (metadata.path(field).isString()) {
            manifest.put(field, metadata.path(field).asString(""));
        }
    }

    private JsonNode tensor(String list) {
        JsonNode tensors = metadata.path("network_data_format").path(list);
        if (tensors.size() != 1) {
            throw new RefusedPackageException(
                    "network_data_format." + list + " has " + tensors.size() + " tensors; gnserve takes one");
        }
        return tensors.iterator().next();
    }

    /** What transforms call the image: the name of the tensor, which is usually CommonKeys.IMAGE. */
    private String imageKey() {
        return metadata.path("network_data_format").path("inputs").propertyNames().stream()
                .findFirst()
                .orElse("image");
    }

    /** The names of {@code channel_def}. */
    private List<String> channels(JsonNode output) {
        int count = output.path("num_channels").asInt(0);
        List<String> names = new ArrayList<>(wish.labels());
        Set<String> distinct = new HashSet<>();
        for (int i = 0; wish.labels().isEmpty() && i < count; i++) {
            String name = output.path("channel_def")
                    .path(String.valueOf(i))
                    .asString("")
                    .strip();
            names.add(name.isEmpty() ? "class" + i : name.equals("boundary") ? "boundaries" : name);
        }
        distinct.addAll(names);
        if (names.contains("class0")) {
            notes.add(
                    "The bundle does not name its output channels: class0 is often the background. Name all of them with --labels.");
        }
        if (count < 1 || names.size() != count || distinct.size() != count) {
            throw new RefusedPackageException(
                    "network_data_format.outputs: num_channels is " + count + ", and the channels are named " + names
                            + "; name every channel once with --labels, background included");
        }
        return names;
    }

    /** monai.inferers.SlidingWindowInferer. */
    private void inferer(ObjectNode volume) {
        JsonNode inferer = value("inferer", inference.path("inferer"));
        String target = target(inferer);
        if (!target.equals("SlidingWindowInferer")) {
            throw new RefusedPackageException(
                    "inferer is " + (target.isEmpty() ? "missing" : target) + "; gnserve takes SlidingWindowInferer");
        }
        Set<String> known = Set.of(
                "_target_",
                "roi_size",
                "overlap",
                "mode",
                "sigma_scale",
                "padding_mode",
                "cval",
                "sw_batch_size",
                "sw_device",
                "device",
                "progress",
                "cache_roi_weight_map",
                "cpu_thresh");
        requireOnly("inferer", inferer, known);
        volume.set("window", three("inferer.roi_size", inferer));
        JsonNode overlap = value("inferer.overlap", inferer.path("overlap"));
        ArrayNode parts = volume.putArray("overlap");
        if (overlap.isMissingNode()) {
            parts.add(0.25);
        }
        for (JsonNode part : overlap.isArray() ? overlap : List.of(overlap)) {
            if (part.isNumber()) {
                parts.add(part.asDouble());
            } else if (!part.isMissingNode()) {
                throw new RefusedPackageException("inferer.overlap is " + overlap + "; gnserve takes numbers");
            }
        }
        String mode = value("inferer.mode", inferer.path("mode")).asString("constant");
        if (!mode.equals("gaussian") && !mode.equals("constant")) {
            throw new RefusedPackageException("inferer.mode is " + mode + "; gnserve takes gaussian and constant");
        }
        volume.put("blending", mode);
        require("inferer.sigma_scale", isGivenAs(0.125, "inferer.sigma_scale", inferer.path("sigma_scale")), "0.125");
        require("inferer.cval", isGivenAs(0, "inferer.cval", inferer.path("cval")), "0");
        require(
                "inferer.padding_mode",
                value("inferer.padding_mode", inferer.path("padding_mode"))
                        .asString("constant")
                        .equals("constant"),
                "constant");
    }

    private ArrayNode three(String field, JsonNode inferer) {
        JsonNode sizes = value(field, inferer.path("roi_size"));
        ArrayNode window = JsonMapper.shared().createArrayNode();
        for (int axis = 0; axis < 3; axis++) {
            JsonNode given = sizes.isArray() ? sizes.path(axis) : sizes;
            int size = given.isIntegralNumber() && given.canConvertToInt() ? given.intValue() : 0;
            if (size < 1) {
                throw new RefusedPackageException(field + " is " + sizes + "; gnserve takes three sizes above 0");
            }
            window.add(size);
        }
        return window;
    }

    /** Whether a number is this one, or not given. */
    private boolean isGivenAs(double only, String field, JsonNode given) {
        JsonNode number = value(field, given);
        return number.isMissingNode() || (number.isNumber() && number.doubleValue() == only);
    }

    private static void require(String field, boolean holds, String only) {
        if (!holds) {
            throw new RefusedPackageException(field + " is another than " + only + ", which gnserve takes");
        }
    }

    static void requireOnly(String field, JsonNode given, Set<String> known) {
        for (String name : given.propertyNames()) {
            if (!known.contains(name)) {
                throw new RefusedPackageException(field + "." + name + " is not taken");
            }
        }
    }

    /** The class name of {@code _target_}, without its module. */
    static String target(JsonNode object) {
        String target = object.path("_target_").asString("");
        return target.substring(target.lastIndexOf('.') + 1);
    }

    /**
     * A value, with {@code @} references followed. Sections of a path are separated by {@code ::} or {@code #}.
     *
     * @throws RefusedPackageException for an expression
     */
    JsonNode value(String field, JsonNode given) {
        JsonNode value = given;
        for (int steps = 0; value.isString() && value.asString("").startsWith("@"); steps++) {
            String[] path = value.asString("").substring(1).split("::|#", -1);
            JsonNode found = inference;
            for (String part : path) {
                found = part.matches("\\d+") && found.isArray() ? found.path(Integer.parseInt(part)) : found.path(part);
            }
            if (found.isMissingNode() || steps > 20) {
                throw new RefusedPackageException(
                        field + " is " + value + ", which refers to nothing in the bundle's inference");
            }
            value = found;
        }
        if (value.isString() && value.asString("").startsWith("$")) {
            throw new RefusedPackageException(
                    field + " is the Python expression " + value + "; replace it by its value");
        }
        return value;
    }

    void note(String note) {
        notes.add(note);
    }
}
