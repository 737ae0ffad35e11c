package dev.gnserve.bundle;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The axes of a tensor of BioImage.IO, whichever version describes them.
 *
 * @param space letters of the axes of space, in their order: z, y and x, or y and x
 * @param channels number of channels
 * @param names of the channels; empty in version 0.4
 * @param sizes for each axis of space its smallest size and the step to the next; a step of 0 for a fixed size. Of an output, offsets to the
 *     input: 0 for the same size
 * @param halo for each axis of space
 */
record BioImageAxes(String space, int channels, List<String> names, List<Size> sizes, List<Integer> halo) {

    record Size(int least, int step) {}

    /**
     * Reads the axes of version 0.5.
     *
     * @param input of an output; null for the input
     */
    static BioImageAxes ofList(String field, JsonNode tensor, @Nullable JsonNode input) {
        StringBuilder space = new StringBuilder();
        List<String> names = new ArrayList<>();
        List<Size> sizes = new ArrayList<>();
        List<Integer> halo = new ArrayList<>();
        StringBuilder order = new StringBuilder();
        int at = 0;
        for (JsonNode axis : tensor.path("axes")) {
            String here = field + ".axes[" + at++ + "]";
            String type = axis.path("type").asString("");
            switch (type) {
                case "batch" -> order.append('b');
                case "channel" -> {
                    order.append('c');
                    axis.path("channel_names").forEach(name -> names.add(name.asString("")));
                    if (names.isEmpty()) {
                        throw new RefusedPackageException(here + ".channel_names is missing");
                    }
                }
                case "space" -> {
                    order.append('s');
                    space.append(axis.path("id").asString("x"));
                    sizes.add(size(here + ".size", axis.path("size"), axis, input));
                    halo.add(axis.path("halo").asInt(0));
                }
                default ->
                    throw new RefusedPackageException(
                            here + ".type is " + type + "; gnserve takes axes of the types batch, channel and space");
            }
        }
        requireOrder(field, order.toString(), space.toString());
        return new BioImageAxes(space.toString(), names.size(), names, sizes, halo);
    }

    private static Size size(String field, JsonNode size, JsonNode axis, @Nullable JsonNode input) {
        if (size.isInt()) {
            return new Size(size.asInt(), 0);
        }
        if (size.has("min") && size.has("step") && input == null) {
            return new Size(size.path("min").asInt(), size.path("step").asInt());
        }
        if (size.has("tensor_id") && input != null) {
            JsonNode other = null;
            for (JsonNode candidate : input.path("axes")) {
                if (candidate
                        .path("id")
                        .asString("")
                        .equals(size.path("axis_id").asString(""))) {
                    other = candidate;
                }
            }
            boolean same = other != null
                    && size.path("tensor_id")
                            .asString("")
                            .equals(input.path("id").asString(""))
                    && size.path("offset").asInt(0) == 0
                    && axis.path("scale").asDouble(1) == other.path("scale").asDouble(1)
                    && axis.path("id").asString("").equals(other.path("id").asString(""));
            if (same) {
                return new Size(0, 0);
            }
        }
        throw new RefusedPackageException(
                field + " is " + size
                        + "; gnserve takes a fixed size or {min, step} of an input, and outputs of the input's size (offset 0, equal scale)");
    }

    /** Reads the axes of version 0.4: a text such as bczyx, with the fields shape and halo. */
    static BioImageAxes ofText(String field, JsonNode tensor, @Nullable BioImageAxes input) {
        String axes = tensor.path("axes").asString("");
        JsonNode shape = tensor.path("shape");
        requireOrder(field, axes.replaceAll("[zyx]", "s"), axes.replaceAll("[^zyx]", ""));
        List<Size> sizes = new ArrayList<>();
        List<Integer> halo = new ArrayList<>();
        int channels = 0;
        for (int i = 1; i < axes.length(); i++) {
            int size;
            int step = 0;
            if (shape.isArray()) {
                size = shape.path(i).asInt();
            } else if (shape.has("min")) {
                size = shape.path("min").path(i).asInt();
                step = shape.path("step").path(i).asInt();
            } else {
                double scale = shape.path("scale").path(i).asDouble(0);
                double offset = shape.path("offset").path(i).asDouble(0);
                int of = input == null ? 0 : input.channels();
                size = i == 1 ? (int) Math.round(of * scale + 2 * offset) : 0;
                if (i > 1 && (scale != 1 || offset != 0)) {
                    throw new RefusedPackageException(
                            "%s.shape has the scale %s and the offset %s; gnserve takes outputs of the input's size"
                                    .formatted(field, scale, offset));
                }
            }
            if (i == 1) {
                channels = size;
            } else {
                sizes.add(new Size(size, step));
                halo.add(tensor.path("halo").path(i).asInt(0));
            }
        }
        if (channels < 1) {
            throw new RefusedPackageException(field + ".shape does not say the number of channels");
        }
        return new BioImageAxes(axes.substring(2), channels, List.of(), sizes, halo);
    }

    /** Whether the model takes planes, and no volumes. */
    boolean isOfPlanes() {
        return space.length() == 2;
    }

    private static void requireOrder(String field, String order, String space) {
        String letters =
                space.chars().sorted().mapToObj(letter -> "" + (char) letter).collect(Collectors.joining());
        boolean volume = order.equals("bcsss") && letters.equals("xyz");
        boolean plane = order.equals("bcss") && letters.equals("xy");
        if (!volume && !plane) {
            throw new RefusedPackageException(
                    "%s.axes are %s (space: %s); gnserve takes a batch axis, then a channel axis, then the axes of space: x, y, z or x, y. For another network, take its TorchScript file: gnserve new NAME --from weights.pt --task tensors"
                            .formatted(field, order.replace('s', '*'), space));
        }
    }
}
