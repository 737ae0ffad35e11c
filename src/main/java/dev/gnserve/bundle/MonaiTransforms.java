package dev.gnserve.bundle;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The transforms of a MONAI bundle as fields of model.yaml (monai/transforms, version 1.6). */
final class MonaiTransforms {

    /** Those that change no value: gnserve reads, converts and writes itself. */
    private static final Set<String> WITHOUT_EFFECT =
            Set.of("LoadImaged", "EnsureChannelFirstd", "EnsureTyped", "ToTensord", "ToDeviced", "SaveImaged");

    private final MonaiBundle bundle;
    private final ObjectNode volume;
    private final ArrayNode steps;
    private boolean oriented;

    MonaiTransforms(MonaiBundle bundle, ObjectNode volume) {
        this.bundle = bundle;
        this.volume = volume;
        this.steps = volume.putArray("steps");
    }

    /** Those before the model. */
    void before(String field, JsonNode compose) {
        int at = 0;
        for (JsonNode given : list(field, compose)) {
            String here = field + ".transforms[" + at++ + "] ";
            JsonNode transform = bundle.value(here, given);
            if (isLeftOut(here, transform)) {
                continue;
            }
            String name = MonaiBundle.target(transform);
            switch (name) {
                case "Orientationd" -> {
                    only(here + name, transform, "axcodes", "labels", "as_closest_canonical");
                    if (volume.has("spacing")) {
                        throw refused(here + name + " after Spacingd, whose pixdim is along other axes then,");
                    }
                    volume.put(
                            "orientation",
                            literal(here + name, transform, "axcodes").asString(""));
                    oriented = true;
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
                case "ScaleIntensityd" -> {
                    only(here + name, transform, "minv", "maxv", "factor", "channel_wise", "dtype");
                    double least = number(here + name, transform, "minv", 0);
                    double most = number(here + name, transform, "maxv", 1);
                    if (!isNone(literal(here + name, transform, "factor"))) {
                        throw refused(here + name + ".factor");
                    }
                    steps.addObject()
                            .put("kind", "scale-range")
                            .put("perChannel", flag(here + name, transform, "channel_wise", false))
                            .put("epsilon", 0);
                    if (least != 0 || most != 1) {
                        linear(most - least, least);
                    }
                }
                case "NormalizeIntensityd" -> normalize(here + name, transform);
                case "CastToTyped" -> {
                    only(here + name, transform, "dtype");
                    if (!transform.path("dtype").asString("").contains("float32")) {
                        throw refused(here + name + ".dtype");
                    }
                }
                default -> throw refused(here + name);
            }
        }
        if (!oriented) {
            volume.put("axes", "xyz"); // MONAI reads files in this order.
        }
    }

    private void scaleRange(String field, JsonNode transform) {
        only(field, transform, "a_min", "a_max", "b_min", "b_max", "clip", "dtype");
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
        String mode = (given.isArray() ? given.path(0) : given).asString("bilinear");
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
            if (isLeftOut(here, transform)) {
                continue;
            }
            String name = MonaiBundle.target(transform);
            switch (name) {
                case "Invertd" -> {
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
                        manifest.putObject("thresholds").put("mask", threshold);
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

    private boolean isLeftOut(String here, JsonNode transform) {
        JsonNode disabled = transform.path("_disabled_");
        if (!disabled.isMissingNode() && flag(here.strip(), transform, "_disabled_", false)) {
            return true;
        }
        return WITHOUT_EFFECT.contains(MonaiBundle.target(transform));
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
