package dev.gnserve.bundle;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The transforms of a MONAI bundle as fields of model.yaml (monai/transforms, version 1.6). */
final class MonaiTransforms {

    private static final String RAS = "RAS";

    /** The default of Orientationd.labels. */
    private static final String LETTERS = "[[\"L\",\"R\"],[\"P\",\"A\"],[\"I\",\"S\"]]";

    /** The key of the output, monai.utils.CommonKeys.PRED. */
    private static final String PREDICTION = "pred";

    /** Those that are read. Without effect on an image that they do not name: they change their own keys alone. */
    private static final Set<String> READ = Set.of(
            "LoadImaged",
            "EnsureChannelFirstd",
            "EnsureTyped",
            "ToTensord",
            "ToDeviced",
            "SaveImaged",
            "Orientationd",
            "Spacingd",
            "ScaleIntensityRanged",
            "ScaleIntensityd",
            "NormalizeIntensityd",
            "CastToTyped",
            "Invertd",
            "Activationsd",
            "AsDiscreted");

    /** Both readers give NIfTI in the order of the file, with the place of voxels in RAS. */
    private static final Set<String> READERS = Set.of("nibabelreader", "itkreader");

    private final MonaiBundle bundle;
    private final ObjectNode volume;
    private final ArrayNode steps;
    private final String tensor;
    private String image;
    private boolean oriented;

    /** @param tensor the name of the image that the network takes */
    MonaiTransforms(MonaiBundle bundle, ObjectNode volume, String tensor) {
        this.bundle = bundle;
        this.volume = volume;
        this.tensor = tensor;
        this.image = tensor;
        this.steps = volume.putArray("steps");
    }

    /** Those before the model. */
    void before(String field, JsonNode compose) {
        image = imageKey(field, compose);
        int at = 0;
        for (JsonNode given : list(field, compose)) {
            String here = field + ".transforms[" + at++ + "] ";
            JsonNode transform = bundle.value(here, given);
            if (isLeftOut(here, transform, image)) {
                continue;
            }
            String name = MonaiBundle.target(transform);
            switch (name) {
                case "LoadImaged" -> load(here + name, transform);
                case "EnsureChannelFirstd" -> {
                    only(here + name, transform, "strict_check", "channel_dim");
                    requireNoChannel(here + name, transform);
                }
                case "EnsureTyped", "ToTensord" -> {
                    only(here + name, transform, "data_type", "dtype", "device", "wrap_sequence", "track_meta");
                    requireFloat(here + name, transform);
                }
                case "ToDeviced" -> only(here + name, transform, "device", "non_blocking");
                case "Orientationd" -> {
                    only(here + name, transform, "axcodes", "labels", "as_closest_canonical");
                    JsonNode letters = literal(here + name, transform, "labels");
                    if (!isNone(letters) && !letters.toString().equals(LETTERS)) {
                        throw refused(here + name + ".labels " + letters);
                    }
                    // MONAI ignores axcodes then.
                    boolean closest = flag(here + name, transform, "as_closest_canonical", false);
                    JsonNode axes = literal(here + name, transform, "axcodes");
                    if (!closest && !axes.isString()) {
                        throw refused(here + name + ".axcodes, which is no text such as \"RAS\",");
                    }
                    orient(here + name, closest ? RAS : axes.asString(""));
                }
                case "Spacingd" -> {
                    only(
                            here + name,
                            transform,
                            "pixdim",
                            "mode",
                            "padding_mode",
                            "align_corners",
                            "dtype",
                            "scale_extent");
                    spacing(here + name, transform);
                }
                case "ScaleIntensityRanged" -> scaleRange(here + name, transform);
                case "ScaleIntensityd" -> scale(here + name, transform);
                case "NormalizeIntensityd" -> normalize(here + name, transform);
                case "CastToTyped" -> {
                    only(here + name, transform, "dtype");
                    if (transform.path("dtype").isMissingNode()) {
                        throw refused(here + name + " without dtype");
                    }
                    requireFloat(here + name, transform);
                }
                default -> throw refused(here + name);
            }
        }
        if (!oriented) {
            volume.put("axes", "xyz"); // MONAI reads files in this order.
        }
    }

    /** Arguments that MONAI does not know are those of the reader. */
    private void load(String field, JsonNode transform) {
        only(
                field,
                transform,
                "reader",
                "dtype",
                "meta_keys",
                "meta_key_postfix",
                "overwriting",
                "image_only",
                "ensure_channel_first",
                "simple_keys",
                "prune_meta_pattern",
                "prune_meta_sep",
                "expanduser",
                "channel_dim",
                "squeeze_non_spatial_dims",
                "reverse_indexing",
                "as_closest_canonical");
        JsonNode reader = literal(field, transform, "reader");
        String name = reader.asString("");
        if (!isNone(reader)
                && !READERS.contains(name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT))) {
            throw refused(field + ".reader " + reader);
        }
        if (flag(field, transform, "reverse_indexing", false)) {
            throw refused(field + ".reverse_indexing true");
        }
        requireNoChannel(field, transform);
        requireFloat(field, transform);
        if (flag(field, transform, "as_closest_canonical", false)) {
            orient(field, RAS);
        }
    }

    private void orient(String field, String orientation) {
        if (volume.has("spacing")) {
            throw refused(field + " after Spacingd, whose pixdim is along other axes then,");
        }
        volume.put("orientation", orientation);
        oriented = true;
    }

    /** An axis of the file that is named as that of the channels could be one of the volume. */
    private void requireNoChannel(String field, JsonNode transform) {
        JsonNode axis = literal(field, transform, "channel_dim");
        if (!isNone(axis) && !axis.asString("").equals("no_channel")) {
            throw refused(field + ".channel_dim " + axis);
        }
    }

    /** Values are float32 here. The type may be written as an expression, such as {@code $torch.float32}. */
    private static void requireFloat(String field, JsonNode transform) {
        JsonNode type = transform.path("dtype");
        if (!isNone(type) && !type.asString("").matches("\\$?(np\\.|numpy\\.|torch\\.)?float32|\\$?torch\\.float")) {
            throw refused(field + ".dtype " + type);
        }
    }

    private void scale(String field, JsonNode transform) {
        only(field, transform, "minv", "maxv", "factor", "channel_wise", "dtype");
        requireFloat(field, transform);
        boolean toLeast = !literal(field, transform, "minv").isNull();
        boolean toMost = !literal(field, transform, "maxv").isNull();
        if (!toLeast && !toMost) { // Then, and only then, the factor counts.
            double factor = number(field, transform, "factor", 0);
            if (factor != 0) {
                linear(1 + factor, 0);
            }
            return;
        }
        steps.addObject()
                .put("kind", "scale-range")
                .put("perChannel", flag(field, transform, "channel_wise", false))
                .put("epsilon", 0);
        double least = number(field, transform, "minv", 0);
        double most = number(field, transform, "maxv", 1);
        if (toLeast && toMost && (least != 0 || most != 1)) { // MONAI scales only to a range with both ends.
            linear(most - least, least);
        }
    }

    private void scaleRange(String field, JsonNode transform) {
        only(field, transform, "a_min", "a_max", "b_min", "b_max", "clip", "dtype");
        requireFloat(field, transform);
        double from = number(field, transform, "a_min", Double.NaN);
        double to = number(field, transform, "a_max", Double.NaN);
        double low = number(field, transform, "b_min", Double.NaN);
        double high = number(field, transform, "b_max", Double.NaN);
        if (!(to > from)) {
            throw refused(field + ".a_max, which is not above a_min,");
        }
        boolean scaled = !Double.isNaN(low) && !Double.isNaN(high); // MONAI scales only to a range with both ends.
        double gain = (scaled ? high - low : 1) / (to - from);
        linear(gain, (scaled ? low : 0) - from * gain);
        if (flag(field, transform, "clip", false)) {
            ObjectNode clip = steps.addObject().put("kind", "clip");
            if (!Double.isNaN(low)) {
                clip.put("minimum", low);
            }
            if (!Double.isNaN(high)) {
                clip.put("maximum", high);
            }
        }
    }

    private void normalize(String field, JsonNode transform) {
        only(field, transform, "subtrahend", "divisor", "nonzero", "channel_wise", "dtype");
        requireFloat(field, transform);
        JsonNode mean = literal(field, transform, "subtrahend");
        JsonNode deviation = literal(field, transform, "divisor");
        boolean nonzero = flag(field, transform, "nonzero", false);
        if (mean.isNumber() && deviation.isNumber() && !nonzero) {
            linear(1 / deviation.asDouble(), -mean.asDouble() / deviation.asDouble());
            return;
        }
        if (!mean.isMissingNode() && !mean.isNull()) {
            throw refused(field + ".subtrahend, unless it is a number beside a divisor,");
        }
        if (!deviation.isMissingNode() && !deviation.isNull()) {
            throw refused(field + ".divisor, unless it is a number beside a subtrahend,");
        }
        steps.addObject()
                .put("kind", "zero-mean")
                .put("perChannel", flag(field, transform, "channel_wise", false))
                .put("epsilon", 0)
                .put("nonzero", nonzero);
    }

    private void spacing(String field, JsonNode transform) {
        if (!steps.isEmpty()) {
            throw refused(field + " after a transform of values");
        }
        JsonNode given = literal(field, transform, "mode");
        int place = Math.max(0, keys(field, transform).indexOf(image));
        String mode = (given.isArray() ? given.path(place) : given).asString("bilinear");
        if (!mode.equals("bilinear")) {
            throw refused(field + ".mode " + mode);
        }
        String beyond = literal(field, transform, "padding_mode").asString("border");
        if (!beyond.equals("border")) {
            throw refused(field + ".padding_mode " + beyond);
        }
        for (String name : List.of("align_corners", "scale_extent")) {
            if (flag(field, transform, name, false)) {
                throw refused(field + "." + name + " true");
            }
        }
        ArrayNode spacing = volume.putArray("spacing");
        JsonNode pixdim = literal(field, transform, "pixdim");
        for (int axis = 0; axis < 3; axis++) {
            JsonNode step = bundle.value(field + ".pixdim", pixdim.isArray() ? pixdim.path(axis) : pixdim);
            if (!step.isNumber() || !(step.asDouble() > 0)) {
                throw refused(field + ".pixdim " + pixdim + ", which has no distance above 0 for each axis,");
            }
            spacing.add(step.asDouble());
        }
        bundle.note("Volumes are resampled to input.volume.spacing, and results come back to the grid of the file.");
    }

    private void linear(double gain, double offset) {
        ObjectNode step = steps.addObject().put("kind", "linear");
        step.putArray("gain").add(gain);
        step.putArray("offset").add(offset);
    }

    /** Those after the model: how outputs become labels. */
    void after(String field, JsonNode compose, ObjectNode output, ObjectNode manifest, List<String> channels) {
        String decoder = "";
        boolean decided = false;
        boolean highest = false;
        boolean inverted = false;
        boolean between = false; // Probabilities are interpolated.
        int at = 0;
        for (JsonNode given : list(field, compose)) {
            String here = field + ".transforms[" + at++ + "] ";
            JsonNode transform = bundle.value(here, given);
            if (isLeftOut(here, transform, PREDICTION)) {
                continue;
            }
            String name = MonaiBundle.target(transform);
            switch (name) {
                case "ToTensord", "EnsureTyped", "ToDeviced", "SaveImaged" -> {
                    // How results are held and written is gnserve's own.
                }
                case "Invertd" -> {
                    only(
                            here + name,
                            transform,
                            "transform",
                            "orig_keys",
                            "meta_keys",
                            "orig_meta_keys",
                            "meta_key_postfix",
                            "nearest_interp",
                            "to_tensor",
                            "device");
                    boolean linear = !flag(here + name, transform, "nearest_interp", true) && volume.has("spacing");
                    if (linear && decided) {
                        throw refused(here + name
                                + ".nearest_interp false after AsDiscreted, which interpolates the numbers of labels,");
                    }
                    inverted = true;
                    if (linear) {
                        volume.put("back", "linear");
                        between = !decoder.isEmpty();
                    }
                }
                case "Activationsd" -> {
                    only(here + name, transform, "softmax", "sigmoid");
                    if (decided) {
                        throw refused(here + name + " after AsDiscreted");
                    }
                    decoder = flag(here + name, transform, "softmax", false)
                            ? "softmax"
                            : flag(here + name, transform, "sigmoid", false) ? "sigmoid" : decoder;
                }
                case "AsDiscreted" -> {
                    only(here + name, transform, "argmax", "threshold");
                    if (decided) {
                        throw refused(here + name + " after another");
                    }
                    highest = flag(here + name, transform, "argmax", false);
                    if (highest && decoder.equals("sigmoid")) {
                        throw refused(here + name + ".argmax after a sigmoid");
                    }
                    decoder = highest ? "softmax" : decoder;
                    double threshold = number(here + name, transform, "threshold", Double.NaN);
                    if (highest == !Double.isNaN(threshold)) {
                        throw refused(here + name + " with both argmax and threshold, or none of them,");
                    }
                    if (!highest) {
                        manifest.putObject("thresholds").put("mask", below(here + name, threshold));
                    }
                    decided = true;
                }
                default -> throw refused(here + name);
            }
        }
        if (!decided || decoder.isEmpty()) {
            throw new RefusedPackageException(field
                    + " does not say by AsDiscreted, with argmax or after Activationsd, how outputs become labels");
        }
        if (decoder.equals("softmax") && channels.size() < 2) {
            throw new RefusedPackageException(field + " takes the highest of one channel");
        }
        if (!inverted && (volume.has("spacing") || oriented)) {
            bundle.note(
                    "The bundle leaves results on the grid of the model; here they come back to the grid of the file.");
        }
        if (between) {
            output.putArray("steps").addObject().put("kind", decoder);
            output.put("decoder", "probabilities").put("exclusive", highest);
        } else {
            output.put("decoder", decoder);
        }
    }

    /** The largest number below a threshold: MONAI takes the threshold itself for the label, and thresholds.mask does not. */
    private float below(String field, double threshold) {
        if (!(threshold > 0 && threshold <= 1)) {
            throw refused(field + ".threshold " + threshold + ", which is not above 0 and at most 1,");
        }
        float below = Math.nextDown((float) threshold);
        bundle.note("AsDiscreted takes the threshold " + threshold
                + " itself for the label: thresholds.mask is the largest number below it.");
        return below;
    }

    private boolean isDisabled(String here, JsonNode transform) {
        JsonNode disabled = transform.path("_disabled_");
        return !disabled.isMissingNode() && flag(here.strip(), transform, "_disabled_", false);
    }

    /** Whether it is disabled, or is known not to change what has this key. */
    private boolean isLeftOut(String here, JsonNode transform, String key) {
        String name = MonaiBundle.target(transform);
        if (isDisabled(here, transform)) {
            return true;
        }
        List<String> keys = READ.contains(name) ? keys(here + name, transform) : List.of();
        return !keys.isEmpty() && !keys.contains(key);
    }

    /** The name of the tensor if transforms have it as a key, or else the only key that they have. */
    private String imageKey(String field, JsonNode compose) {
        Set<String> named = new LinkedHashSet<>();
        int at = 0;
        for (JsonNode given : list(field, compose)) {
            String here = field + ".transforms[" + at++ + "] ";
            JsonNode transform = bundle.value(here, given);
            if (!isDisabled(here, transform) && READ.contains(MonaiBundle.target(transform))) {
                named.addAll(keys(here + MonaiBundle.target(transform), transform));
            }
        }
        if (named.size() > 1 && !named.contains(tensor)) {
            throw refused(field + " with the keys " + named + " and without \"" + tensor + "\"");
        }
        return named.size() == 1 ? named.iterator().next() : tensor;
    }

    /** What a transform changes; empty if it does not say so. */
    private List<String> keys(String field, JsonNode transform) {
        JsonNode given = literal(field, transform, "keys");
        List<String> keys = new ArrayList<>();
        for (JsonNode key : given.isArray() ? given : isNone(given) ? List.<JsonNode>of() : List.of(given)) {
            keys.add(bundle.value(field + ".keys", key).asString(""));
        }
        return keys;
    }

    private JsonNode list(String field, JsonNode compose) {
        if (compose.isMissingNode()) {
            throw new RefusedPackageException("the bundle's inference has no " + field);
        }
        if (!MonaiBundle.target(compose).equals("Compose")) {
            throw refused(field + " " + MonaiBundle.target(compose));
        }
        return bundle.value(field + ".transforms", compose.path("transforms"));
    }

    private JsonNode literal(String here, JsonNode transform, String name) {
        return bundle.value(here + "." + name, transform.path(name));
    }

    private static boolean isNone(JsonNode value) {
        return value.isMissingNode() || value.isNull();
    }

    /** @param usual if the transform does not give it, or gives None */
    private double number(String field, JsonNode transform, String name, double usual) {
        JsonNode value = literal(field, transform, name);
        if (isNone(value)) {
            return usual;
        }
        if (!value.isNumber()) {
            throw refused(field + "." + name + ", which is " + value + " and no number,");
        }
        return value.asDouble();
    }

    /** True or false; published bundles also write "True", a text that is true in Python. */
    private boolean flag(String field, JsonNode transform, String name, boolean usual) {
        JsonNode value = literal(field, transform, name);
        if (isNone(value)) {
            return usual;
        }
        if (value.isBoolean()) {
            return value.asBoolean();
        }
        if (value.isString() && value.asString("").equals("True")) {
            return true;
        }
        throw refused(field + "." + name + ", which is " + value + " and neither true nor false,");
    }

    private static void only(String field, JsonNode transform, String... names) {
        Set<String> known = new HashSet<>(Set.of(names));
        known.addAll(Set.of("_target_", "_disabled_", "_desc_", "_requires_", "keys", "allow_missing_keys"));
        MonaiBundle.requireOnly(field, transform, known);
    }

    private static RefusedPackageException refused(String what) {
        return new RefusedPackageException(what + " is not taken; see docs/volumes.md for what is");
    }
}
