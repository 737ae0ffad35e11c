package dev.gnserve.bundle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A package of BioImage.IO with a model of volumes or images (spec-bioimage-io, v0_4.py and v0_5.py): {@code bioimageio.yaml} or {@code rdf.yaml},
 * weights in TorchScript, and test tensors, which become the golden check.
 */
final class BioImageIo {

    /** A window of this side takes little memory, and little of it is rim. */
    private static final int USUAL_WINDOW = 96;

    private static final int USUAL_PLANE = 512;

    private static final double USUAL_TOLERANCE = 1e-3;
    private static final int USUAL_MISMATCHES = 100;
    private static final String BACKGROUND = "background";

    /** In model.yaml this name stands for rims of another label. */
    private static final String BOUNDARY = "boundary";

    private final PackageFiles files;
    private final String root;
    private final JsonNode description;
    private final ImportedModel.Wish wish;
    private final boolean newer;
    private final List<String> notes = new ArrayList<>();
    private final Map<String, byte[]> beside = new LinkedHashMap<>();

    BioImageIo(PackageFiles files, String name, ImportedModel.Wish wish) {
        this.files = files;
        this.root = name.substring(0, name.lastIndexOf('/') + 1);
        this.wish = wish;
        this.description = PackageFiles.parsed(name, files.read(name, name, null));
        String version = description.path("format_version").asString("");
        this.newer = version.startsWith("0.5.");
        if (!newer && !version.startsWith("0.4.")) {
            throw new RefusedPackageException("format_version is " + version + "; gnserve takes 0.4 and 0.5");
        }
        if (!description.path("type").asString("").equals("model")) {
            throw new RefusedPackageException(
                    "type is " + description.path("type").asString("") + "; gnserve takes a model");
        }
    }

    ImportedModel read() {
        byte[] archive = archive();
        JsonNode input = only("inputs");
        JsonNode output = only("outputs");
        BioImageAxes in =
                newer ? BioImageAxes.ofList("inputs[0]", input, null) : BioImageAxes.ofText("inputs[0]", input, null);
        BioImageAxes out = newer
                ? BioImageAxes.ofList("outputs[0]", output, input)
                : BioImageAxes.ofText("outputs[0]", output, in);
        requireSameSize(in, out);
        ArrayNode before = BioImageSteps.of("inputs[0].preprocessing", input.path("preprocessing"), in.space(), false);
        ArrayNode after =
                BioImageSteps.of("outputs[0].postprocessing", output.path("postprocessing"), in.space(), true);
        ObjectNode manifest = JsonMapper.shared().createObjectNode();
        manifest.put("task", "segmentation");
        List<String> channels = channels(out);
        ArrayNode labels = manifest.putArray("labels");
        channels.stream().filter(name -> !name.equals(BACKGROUND)).forEach(labels::add);
        if (labels.isEmpty()) {
            throw new RefusedPackageException(
                    "outputs[0] has the channels " + channels + ", none of which is a label; name them with --labels");
        }
        put(manifest, "description", description.path("description"));
        put(manifest, "license", description.path("license"));
        volume(manifest.putObject("input"), in, out).set("steps", before);
        byte[] expected = tensor("test_output.npy", "outputs", "test_outputs", output);
        output(manifest.putObject("output"), channels, after, expected);
        byte[] given = tensor("test_input.npy", "inputs", "test_inputs", input);
        if (in.isOfPlanes()) {
            beside.put("test_input.npy", TestTensor.withPlanes(given));
            notes.add(
                    "The model takes images: it runs on each plane of a volume. An image is a volume with one plane.");
        }
        golden(manifest.putObject("golden"));
        manifest.putObject("verification").put("onLoad", "warn");
        return new ImportedModel(
                "package of BioImage.IO " + description.path("format_version").asString(""),
                manifest,
                archive,
                beside,
                notes);
    }

    private byte[] archive() {
        JsonNode weights = description.path("weights");
        JsonNode script = weights.path("torchscript");
        if (!script.has("source")) {
            throw new RefusedPackageException(
                    "weights has " + weights.propertyNames()
                            + " and no torchscript; ask the publisher for it, or export the model with torch.jit and add it to the package");
        }
        return source("weights.torchscript", script);
    }

    private byte[] source(String field, JsonNode file) {
        String name = file.path("source").asString("").replaceFirst("^\\./", "");
        String digest = file.path("sha256").asString("");
        return files.read(
                field + ".source", name.contains("://") ? name : root + name, digest.isEmpty() ? null : digest);
    }

    private JsonNode only(String field) {
        JsonNode tensors = description.path(field);
        if (tensors.size() != 1) {
            throw new RefusedPackageException(field + " has " + tensors.size() + " tensors; gnserve takes one");
        }
        return tensors.path(0);
    }

    private static void requireSameSize(BioImageAxes in, BioImageAxes out) {
        if (!in.space().equals(out.space())) {
            throw new RefusedPackageException("outputs[0].axes are " + out.space() + " and those of the input "
                    + in.space() + "; gnserve takes one order");
        }
        for (int axis = 0; axis < in.space().length(); axis++) {
            BioImageAxes.Size size = out.sizes().get(axis);
            if (size.least() != 0 && !size.equals(in.sizes().get(axis))) {
                throw new RefusedPackageException("outputs[0] has the size " + size.least() + " along "
                        + out.space().charAt(axis) + "; gnserve takes outputs of the input's size");
            }
        }
    }

    private List<String> channels(BioImageAxes out) {
        List<String> names = !wish.labels().isEmpty() ? wish.labels() : out.names();
        if (names.isEmpty()) {
            names = IntStream.rangeClosed(1, out.channels())
                    .mapToObj(n -> "class" + n)
                    .toList();
            notes.add("The package does not name its output channels: rename class1, or say --labels.");
        }
        if (names.size() != out.channels()) {
            throw new RefusedPackageException("the output has " + out.channels() + " channels, and " + names.size()
                    + " labels are given; name every channel, background included");
        }
        if (names.contains(BOUNDARY)) {
            notes.add(
                    "The channel boundary is called boundaries here: gnserve gives the name boundary another meaning.");
        }
        return names.stream()
                .map(name -> name.equals(BOUNDARY) ? "boundaries" : name)
                .toList();
    }

    private static void put(ObjectNode manifest, String field, JsonNode value) {
        if (value.isString() && !value.asString("").isBlank()) {
            manifest.put(field, value.asString(""));
        }
    }

    private ObjectNode volume(ObjectNode section, BioImageAxes in, BioImageAxes out) {
        section.put("channels", in.channels());
        boolean free = in.sizes().stream().allMatch(size -> size.step() > 0);
        int step = in.sizes().get(0).step();
        boolean shrinks = free && in.sizes().stream().allMatch(size -> size.step() == step && size.least() % step == 0);
        if (shrinks) {
            section.put("sizeMultiple", step);
        }
        ObjectNode volume = section.putObject("volume");
        volume.put("axes", in.isOfPlanes() ? "z" + in.space() : in.space());
        ArrayNode window = volume.putArray("window");
        ArrayNode smallest = shrinks ? volume.putArray("smallest") : null;
        if (in.isOfPlanes()) {
            volume.put("planes", true);
            window.add(1);
            if (smallest != null) {
                smallest.add(1);
            }
        }
        int usual = in.isOfPlanes() ? USUAL_PLANE : USUAL_WINDOW;
        boolean rims = out.halo().stream().anyMatch(rim -> rim > 0);
        for (BioImageAxes.Size size : in.sizes()) {
            int more = size.step() == 0 ? 0 : Math.max(0, (usual - size.least()) / size.step()) * size.step();
            window.add(size.least() + more);
            if (smallest != null) {
                smallest.add(size.least());
            }
        }
        if (rims) {
            volume.put("blending", "halo");
            ArrayNode halo = volume.putArray("halo");
            if (in.isOfPlanes()) {
                halo.add(0);
            }
            out.halo().forEach(halo::add);
        }
        return volume;
    }

    /** The outputs after the steps are what the package gives: probabilities, unless the wish says otherwise. */
    private void output(ObjectNode section, List<String> channels, ArrayNode after, byte[] expected) {
        TestTensor tensor = TestTensor.of("test output", expected);
        String decoder = wish.decoder();
        if (decoder == null) {
            if (!tensor.areFractions()) {
                throw new RefusedPackageException(
                        "outputs[0] has values from %s to %s in its test tensor, which are no probabilities, and no sigmoid or softmax in postprocessing says how to read them: add --decoder sigmoid or --decoder softmax"
                                .formatted(tensor.least(), tensor.most()));
            }
            decoder = "probabilities";
        }
        section.put("decoder", decoder);
        if (decoder.equals("probabilities")) {
            section.put("exclusive", channels.size() > 1 && tensor.sumToOne(channels.size()));
        }
        ArrayNode names = section.putArray("channels");
        channels.forEach(names::add);
        if (!after.isEmpty()) {
            section.set("steps", after);
        }
    }

    private byte[] tensor(String name, String list, String older, JsonNode tensor) {
        byte[] bytes;
        if (newer) {
            bytes = source(list + "[0].test_tensor", tensor.path("test_tensor"));
        } else {
            ObjectNode file = JsonMapper.shared().createObjectNode();
            file.put("source", description.path(older).path(0).asString(""));
            bytes = source(older + "[0]", file);
        }
        beside.put(name, bytes);
        return bytes;
    }

    /** Version 0.5: config.bioimageio.reproducibility_tolerance. The first entry for TorchScript counts. */
    private void golden(ObjectNode section) {
        section.put("image", "test_input.npy").put("expected", "test_output.npy");
        JsonNode found = null;
        for (JsonNode entry : description.at("/config/bioimageio/reproducibility_tolerance")) {
            JsonNode formats = entry.path("weights_formats");
            boolean all = formats.isMissingNode() || formats.isEmpty();
            if (found == null
                    && (all
                            || formats.valueStream()
                                    .anyMatch(format -> format.asString("").equals("torchscript")))) {
                found = entry;
            }
        }
        section.put("tolerance", number(found, "absolute_tolerance", USUAL_TOLERANCE));
        section.put("relativeTolerance", number(found, "relative_tolerance", USUAL_TOLERANCE));
        section.put("mismatchesPerMillion", (int) number(found, "mismatched_elements_per_million", USUAL_MISMATCHES));
    }

    private static double number(@Nullable JsonNode entry, String field, double usual) {
        return entry == null ? usual : entry.path(field).asDouble(usual);
    }
}
