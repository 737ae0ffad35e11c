package dev.gnserve.bundle;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Turns the pre- and postprocessing of BioImage.IO (spec-bioimage-io, v0_4.py and v0_5.py) into steps of model.yaml. */
final class BioImageSteps {

    private static final JsonMapper JSON = JsonMapper.shared();

    /** After the model, a part of a volume must be enough. */
    private static final Set<String> BEFORE_ONLY = Set.of("zero_mean_unit_variance", "scale_range");

    private final ArrayNode steps = JSON.createArrayNode();
    private final String space;
    private final boolean after;

    private BioImageSteps(String space, boolean after) {
        this.space = space;
        this.after = after;
    }

    /**
     * The steps of a list.
     *
     * @param field of the list, for messages
     * @param space letters of the axes of space
     * @param after whether they come after the model
     * @throws RefusedPackageException naming what is not taken
     */
    static ArrayNode of(String field, JsonNode list, String space, boolean after) {
        BioImageSteps made = new BioImageSteps(space, after);
        int at = 0;
        for (JsonNode step : list) {
            String name = step.has("id")
                    ? step.path("id").asString("")
                    : step.path("name").asString("");
            made.add(field + "[" + at++ + "] " + name, name, step.path("kwargs"));
        }
        return made.steps;
    }

    private void add(String field, String name, JsonNode given) {
        if (after && BEFORE_ONLY.contains(name)) {
            throw new RefusedPackageException(
                    field + " needs all outputs at once, and gnserve makes them part by part");
        }
        switch (name) {
            case "sigmoid" -> {
                requireOnly(field, given, Set.of());
                step("sigmoid");
            }
            case "softmax" -> {
                requireOnly(field, given, Set.of("axis"));
                requireChannel(field + ".axis", given.path("axis").asString("channel"));
                step("softmax");
            }
            case "binarize" -> {
                requireOnly(field, given, Set.of("threshold", "axis"));
                step("binarize").put("threshold", number(field + ".threshold", given.path("threshold")));
            }
            case "clip" -> {
                requireOnly(field, given, Set.of("min", "max"));
                ObjectNode step = step("clip");
                for (String end : List.of("min", "max")) {
                    if (given.hasNonNull(end)) {
                        step.put(end + "imum", number(field + "." + end, given.path(end)));
                    }
                }
            }
            case "scale_linear" -> {
                requireOnly(field, given, Set.of("axis", "axes", "gain", "offset"));
                ObjectNode step = step("linear");
                step.set("gain", numbers(field + ".gain", given, "gain", 1));
                step.set("offset", numbers(field + ".offset", given, "offset", 0));
            }
            case "ensure_dtype" -> {
                requireOnly(field, given, Set.of("dtype"));
                String type = given.path("dtype").asString("");
                if (!type.startsWith("float")) {
                    throw new RefusedPackageException(field + ".dtype is " + type + "; gnserve computes in float32");
                }
            }
            case "fixed_zero_mean_unit_variance" -> {
                requireOnly(field, given, Set.of("mean", "std", "axis"));
                fixed(field, given, 0);
            }
            case "zero_mean_unit_variance" -> zeroMean(field, given);
            case "scale_range" -> {
                requireOnly(
                        field,
                        given,
                        Set.of("mode", "axes", "min_percentile", "max_percentile", "eps", "reference_tensor"));
                requireSample(field, given);
                if (given.hasNonNull("reference_tensor")) {
                    throw new RefusedPackageException(
                            field + ".reference_tensor is given; gnserve scales a tensor by its own percentiles");
                }
                step("scale-range")
                        .put("low", given.path("min_percentile").asDouble(0))
                        .put("high", given.path("max_percentile").asDouble(100))
                        .put("perChannel", isPerChannel(field + ".axes", given.path("axes")))
                        .put("epsilon", given.path("eps").asDouble(1e-6));
            }
            default ->
                throw new RefusedPackageException(field
                        + " is not taken; gnserve takes binarize, clip, scale_linear, sigmoid, softmax, ensure_dtype,"
                        + " fixed_zero_mean_unit_variance, zero_mean_unit_variance and scale_range");
        }
    }

    private void zeroMean(String field, JsonNode given) {
        requireOnly(field, given, Set.of("mode", "axes", "mean", "std", "eps"));
        double epsilon = given.path("eps").asDouble(1e-6);
        if (given.path("mode").asString("").equals("fixed") || given.hasNonNull("mean")) {
            fixed(field, given, epsilon);
            return;
        }
        requireSample(field, given);
        step("zero-mean")
                .put("perChannel", isPerChannel(field + ".axes", given.path("axes")))
                .put("epsilon", epsilon);
    }

    /** (value - mean) / (deviation + epsilon) as value x gain + offset. */
    private void fixed(String field, JsonNode given, double epsilon) {
        ArrayNode means = numbers(field + ".mean", given, "mean", 0);
        ArrayNode deviations = numbers(field + ".std", given, "std", 1);
        ObjectNode step = step("linear");
        ArrayNode gain = step.putArray("gain");
        ArrayNode offset = step.putArray("offset");
        for (int i = 0; i < Math.max(means.size(), deviations.size()); i++) {
            double deviation =
                    deviations.path(Math.min(i, deviations.size() - 1)).asDouble() + epsilon;
            gain.add(1 / deviation);
            offset.add(-means.path(Math.min(i, means.size() - 1)).asDouble() / deviation);
        }
    }

    private ObjectNode step(String kind) {
        return steps.addObject().put("kind", kind);
    }

    private static void requireOnly(String field, JsonNode given, Set<String> known) {
        for (String name : new TreeSet<>(given.propertyNames())) {
            if (!known.contains(name) && !given.path(name).isNull()) {
                throw new RefusedPackageException(
                        field + "." + name + " is not taken; gnserve takes " + new TreeSet<>(known));
            }
        }
    }

    private static void requireSample(String field, JsonNode given) {
        String mode = given.path("mode").asString("per_sample");
        if (!mode.equals("per_sample")) {
            throw new RefusedPackageException(field + ".mode is " + mode + "; gnserve takes per_sample");
        }
    }

    private static void requireChannel(String field, String axis) {
        if (!axis.equals("channel") && !axis.equals("c")) {
            throw new RefusedPackageException(field + " is " + axis + "; gnserve takes the axis channel");
        }
    }

    /** Axes that are reduced: all of space, with or without the channels. */
    private boolean isPerChannel(String field, JsonNode axes) {
        if (axes.isMissingNode() || axes.isNull()) {
            return false;
        }
        Set<String> names = new TreeSet<>();
        if (axes.isString()) {
            axes.asString("").chars().forEach(letter -> names.add("" + (char) letter));
        } else {
            axes.forEach(axis -> names.add(axis.asString("")));
        }
        names.remove("batch");
        names.remove("b");
        boolean channels = names.remove("channel") || names.remove("c");
        if (!String.join("", names)
                .equals(space.chars()
                        .sorted()
                        .mapToObj(letter -> "" + (char) letter)
                        .collect(Collectors.joining()))) {
            throw new RefusedPackageException(
                    field + " are " + axes + "; gnserve takes all axes of space, with or without the channels");
        }
        return !channels;
    }

    private static double number(String field, JsonNode value) {
        if (!value.isNumber()) {
            throw new RefusedPackageException(field + " is " + value + "; gnserve takes a number");
        }
        return value.asDouble();
    }

    private static ArrayNode numbers(String field, JsonNode given, String name, double usual) {
        ArrayNode numbers = JSON.createArrayNode();
        JsonNode value = given.path(name);
        if (value.isArray()) {
            value.forEach(one -> numbers.add(number(field, one)));
            if (value.size() > 1) {
                JsonNode axis = given.path("axis");
                if (axis.isString()) {
                    requireChannel(field.substring(0, field.lastIndexOf('.')) + ".axis", axis.asString(""));
                }
            }
        } else {
            numbers.add(value.isMissingNode() || value.isNull() ? usual : number(field, value));
        }
        return numbers;
    }
}
