package dev.gnserve.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.bundle.ImportedModel.Wish;
import dev.gnserve.image.NpyHeader;
import dev.gnserve.numpy.NumpyFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Packages made by hand after both specifications become fields of model.yaml, or are refused with the field. */
class ImportedModelTest {

    private static final Wish NONE = new Wish(List.of(), null);

    private static final String NEWER = """
            format_version: 0.5.4
            type: model
            name: test
            license: CC0-1.0
            inputs:
            - id: raw
              axes:
              - {type: batch}
              - {type: channel, channel_names: [raw]}
              - {type: space, id: z, size: {min: 16, step: 8}}
              - {type: space, id: y, size: {min: 16, step: 8}}
              - {type: space, id: x, size: {min: 16, step: 8}}
              test_tensor: {source: in.npy}
              preprocessing:
              - {id: ensure_dtype, kwargs: {dtype: float32}}
              - {id: zero_mean_unit_variance, kwargs: {axes: [z, y, x], eps: 1.0e-5}}
            outputs:
            - id: classes
              axes:
              - {type: batch}
              - {type: channel, channel_names: [background, cell]}
              - {type: space, id: z, size: {tensor_id: raw, axis_id: z}, halo: 4}
              - {type: space, id: y, size: {tensor_id: raw, axis_id: y}, halo: 4}
              - {type: space, id: x, size: {tensor_id: raw, axis_id: x}, halo: 4}
              test_tensor: {source: out.npy}
              postprocessing:
              - {id: softmax, kwargs: {axis: channel}}
            weights:
              torchscript: {source: weights.pt, pytorch_version: 2.15.0}
            config:
              bioimageio:
                reproducibility_tolerance:
                - {relative_tolerance: 0.01, absolute_tolerance: 0.002, mismatched_elements_per_million: 10}
            """;

    private static final String OLDER = """
            format_version: 0.4.10
            type: model
            inputs:
            - name: raw
              axes: bczyx
              data_type: float32
              shape: [1, 2, 32, 64, 64]
              preprocessing:
              - {name: scale_range, kwargs: {mode: per_sample, axes: czyx, min_percentile: 1, max_percentile: 99.8}}
            outputs:
            - name: out
              axes: bczyx
              data_type: float32
              shape: {reference_tensor: raw, scale: [1, 0, 1, 1, 1], offset: [0, 1, 0, 0, 0]}
              halo: [0, 0, 4, 8, 8]
              postprocessing:
              - {name: sigmoid}
              - {name: binarize, kwargs: {threshold: 0.4}}
            test_inputs: [in.npy]
            test_outputs: [out.npy]
            weights:
              torchscript: {source: weights.pt}
            """;

    private static final String METADATA = """
            {"version": "0.1.0", "description": "spleen", "network_data_format": {
              "inputs": {"image": {"num_channels": 1, "spatial_shape": ["16*n", "16*n", "16*n"]}},
              "outputs": {"pred": {"num_channels": 2, "channel_def": {"0": "background", "1": "spleen"}}}}}
            """;

    private static final String INFERENCE = """
            {"roi": [96, 96, 64],
             "network_def": "$import torch",
             "preprocessing": {"_target_": "Compose", "transforms": [
               {"_target_": "LoadImaged", "keys": "image"},
               {"_target_": "EnsureChannelFirstd", "keys": "image"},
               {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
               {"_target_": "Spacingd", "keys": "image", "pixdim": [1.5, 1.5, 2.0], "mode": "bilinear"},
               {"_target_": "ScaleIntensityRanged", "keys": "image", "a_min": -50, "a_max": 150, "b_min": 0, "b_max": 1, "clip": true},
               {"_target_": "EnsureTyped", "keys": "image"}]},
             "inferer": {"_target_": "SlidingWindowInferer", "roi_size": "@roi", "sw_batch_size": 4, "overlap": 0.5, "mode": "gaussian"},
             "postprocessing": {"_target_": "Compose", "transforms": [
               {"_target_": "Activationsd", "keys": "pred", "softmax": true},
               {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing"},
               {"_target_": "AsDiscreted", "keys": "pred", "argmax": true}]}}
            """;

    @TempDir
    private Path folder;

    private Path zip(Object... namesAndContents) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (int i = 0; i < namesAndContents.length; i += 2) {
                zip.putNextEntry(new ZipEntry((String) namesAndContents[i]));
                zip.write(
                        namesAndContents[i + 1] instanceof byte[] content
                                ? content
                                : ((String) namesAndContents[i + 1]).getBytes(StandardCharsets.UTF_8));
            }
        }
        return Files.write(folder.resolve("package.zip"), bytes.toByteArray());
    }

    /** A test tensor of float32: [1, channels, 1, 1, 2]. */
    private static byte[] tensor(float... values) {
        return tensor(new long[] {1, values.length / 2, 1, 1, 2}, values);
    }

    private static byte[] tensor(long[] shape, float... values) {
        try {
            Path file = Files.createTempFile("tensor", ".npy");
            new NumpyFile(shape, values).write(file);
            byte[] bytes = Files.readAllBytes(file);
            Files.delete(file);
            return bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ImportedModel bioImage(String name, String yaml, Wish wish, float... outputs) throws IOException {
        Path zip = zip(name, yaml, "weights.pt", "the archive", "in.npy", tensor(1, 2), "out.npy", tensor(outputs));
        return ImportedModel.read(zip, wish).orElseThrow();
    }

    private ImportedModel monai(String metadata, String inference) throws IOException {
        Path zip = zip(
                "spleen/configs/metadata.json", metadata,
                "spleen/configs/inference.json", inference,
                "spleen/models/model.ts", "the archive");
        return ImportedModel.read(zip, NONE).orElseThrow();
    }

    @Test
    void theNewerFormatBecomesAManifest() throws IOException {
        ImportedModel made = bioImage("bioimageio.yaml", NEWER, NONE, 0.25f, 0.5f, 0.75f, 0.5f);
        JsonNode volume = made.manifest().at("/input/volume");

        assertThat(made.manifest().path("labels").toString()).isEqualTo("[\"cell\"]");
        assertThat(made.manifest().at("/input/sizeMultiple").asInt()).isEqualTo(8);
        assertThat(volume.path("window").toString()).isEqualTo("[96,96,96]");
        assertThat(volume.path("smallest").toString()).isEqualTo("[16,16,16]");
        assertThat(volume.path("halo").toString()).isEqualTo("[4,4,4]");
        assertThat(volume.path("steps").toString())
                .isEqualTo("[{\"kind\":\"zero-mean\",\"perChannel\":true,\"epsilon\":1.0E-5}]");
        assertThat(made.manifest().path("output").toString())
                .isEqualTo("{\"decoder\":\"probabilities\",\"exclusive\":true,\"channels\":[\"background\",\"cell\"],"
                        + "\"steps\":[{\"kind\":\"softmax\"}]}");
        assertThat(made.manifest().at("/golden/tolerance").asDouble()).isEqualTo(0.002);
        assertThat(made.manifest().at("/golden/mismatchesPerMillion").asInt()).isEqualTo(10);
        assertThat(made.files()).containsOnlyKeys("test_input.npy", "test_output.npy");
        assertThat(made.archive()).asString(StandardCharsets.UTF_8).isEqualTo("the archive");
        assertThat(made.yaml()).contains("# Made from a package of BioImage.IO 0.5.4.", "task: \"segmentation\"");
    }

    @Test
    void theOlderFormatBecomesAManifest() throws IOException {
        ImportedModel made = bioImage("rdf.yaml", OLDER, NONE, 0, 1, 1, 1);
        JsonNode volume = made.manifest().at("/input/volume");

        assertThat(made.manifest().at("/input/channels").asInt()).isEqualTo(2);
        assertThat(volume.path("window").toString()).isEqualTo("[32,64,64]");
        assertThat(volume.has("smallest")).isFalse();
        assertThat(volume.path("halo").toString()).isEqualTo("[4,8,8]");
        assertThat(volume.at("/steps/0").toString())
                .isEqualTo(
                        "{\"kind\":\"scale-range\",\"low\":1.0,\"high\":99.8,\"perChannel\":false,\"epsilon\":1.0E-6}");
        assertThat(made.manifest().at("/output/channels").toString()).isEqualTo("[\"class1\",\"class2\"]");
        assertThat(made.manifest().at("/output/exclusive").asBoolean(true)).isFalse();
        assertThat(made.manifest().at("/output/steps").toString())
                .isEqualTo("[{\"kind\":\"sigmoid\"},{\"kind\":\"binarize\",\"threshold\":0.4}]");
        assertThat(made.notes().get(0)).contains("--labels");
    }

    @Test
    void outputsWithoutAMeaningNeedADecision() throws IOException {
        String bare = NEWER.replaceFirst("      - \\{id: softmax.*\\n", "").replaceFirst("  - \\{id: softmax.*\\n", "");
        assertThatThrownBy(() -> bioImage("bioimageio.yaml", bare, NONE, -3, 5, 2, 2))
                .hasMessageContaining("values from -3.0 to 5.0")
                .hasMessageContaining("--decoder");
        ImportedModel made =
                bioImage("bioimageio.yaml", bare, new Wish(List.of("background", "x"), "softmax"), -3, 5, 2, 2);
        assertThat(made.manifest().at("/output/decoder").asString()).isEqualTo("softmax");
        assertThat(made.manifest().path("labels").toString()).isEqualTo("[\"x\"]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "format_version: 0.5.4 | format_version: 0.6.0 | format_version is 0.6.0",
                "type: model | type: dataset | type is dataset",
                "torchscript: {source | onnx: {source | 'weights has [onnx] and no torchscript'",
                "source: weights.pt | source: https://host/weights.pt | gnserve fetches nothing",
                "source: weights.pt | 'source: weights.pt, sha256: abc' | the package says abc",
                "id: zero_mean_unit_variance | id: pad | 'inputs[0].preprocessing[1] pad is not taken'",
                "dtype: float32 | dtype: uint8 | 'preprocessing[0] ensure_dtype.dtype is uint8'",
                "axes: [z, y, x], eps | axes: [y, x], eps | axes are",
                "eps: 1.0e-5 | epsilon: 1.0e-5 | zero_mean_unit_variance.epsilon is not taken",
                "id: softmax | id: stardist_postprocessing | 'outputs[0].postprocessing[0] stardist_postprocessing is not taken'",
                "id: softmax, kwargs: {axis: channel} | id: zero_mean_unit_variance, kwargs: {} | needs all outputs at once",
                "axis_id: z} | axis_id: z, offset: -8} | gnserve takes a fixed size",
                "type: space, id: z | type: index, id: z | type is index"
            })
    void whatIsNotTakenIsRefusedWithTheField(String from, String to, String why) throws IOException {
        assertThat(NEWER).contains(from);
        assertThatThrownBy(() -> bioImage("bioimageio.yaml", NEWER.replace(from, to), NONE, 0.25f, 0.5f, 0.75f, 0.5f))
                .isInstanceOf(RefusedPackageException.class)
                .hasMessageContaining(why);
    }

    @Test
    void aBundleOfMonaiBecomesAManifest() throws IOException {
        ImportedModel made = monai(METADATA, INFERENCE);
        JsonNode volume = made.manifest().at("/input/volume");

        assertThat(made.manifest().path("labels").toString()).isEqualTo("[\"spleen\"]");
        assertThat(volume.path("orientation").asString()).isEqualTo("RAS");
        assertThat(volume.path("spacing").toString()).isEqualTo("[1.5,1.5,2.0]");
        assertThat(volume.path("window").toString()).isEqualTo("[96,96,64]");
        assertThat(volume.path("overlap").toString()).isEqualTo("[0.5]");
        assertThat(volume.path("blending").asString()).isEqualTo("gaussian");
        assertThat(volume.path("steps").toString())
                .isEqualTo("[{\"kind\":\"linear\",\"gain\":[0.005],\"offset\":[0.25]},"
                        + "{\"kind\":\"clip\",\"minimum\":0.0,\"maximum\":1.0}]");
        assertThat(made.manifest().path("output").toString())
                .isEqualTo("{\"channels\":[\"background\",\"spleen\"],\"decoder\":\"softmax\"}");
        assertThat(made.yaml()).contains("Volumes are resampled to input.volume.spacing");
    }

    /** As most published bundles do it: probabilities are interpolated before the highest one is chosen. */
    @Test
    void resultsThatAreInterpolatedBackComeBackLinearly() throws IOException {
        String linear = INFERENCE.replace(
                "\"transform\": \"@preprocessing\"}", "\"transform\": \"@preprocessing\", \"nearest_interp\": false}");
        ImportedModel made = monai(METADATA, linear);

        assertThat(made.manifest().at("/input/volume/back").asString()).isEqualTo("linear");
        assertThat(made.manifest().path("output").toString())
                .isEqualTo("{\"channels\":[\"background\",\"spleen\"],\"steps\":[{\"kind\":\"softmax\"}],"
                        + "\"decoder\":\"probabilities\",\"exclusive\":true}");
        String withoutSpacing = linear.replaceFirst(".*Spacingd.*\n", "");
        assertThat(monai(METADATA, withoutSpacing).manifest().path("output"))
                .isEqualTo(monai(METADATA, INFERENCE).manifest().path("output"));
        String activation = "{\"_target_\": \"Activationsd\", \"keys\": \"pred\", \"softmax\": true},";
        String logits = linear.replace(activation, "")
                .replace("\"nearest_interp\": false},", "\"nearest_interp\": false}, " + activation);
        assertThat(monai(METADATA, logits).manifest().path("output").toString())
                .as("logits are interpolated")
                .isEqualTo("{\"channels\":[\"background\",\"spleen\"],\"decoder\":\"softmax\"}");
        String late = INFERENCE.replace(
                "\"argmax\": true}]", "\"argmax\": true}, {\"_target_\": \"Invertd\", \"nearest_interp\": false}]");
        assertThatThrownBy(() -> monai(METADATA, late))
                .hasMessageContaining("Invertd.nearest_interp false after AsDiscreted");
    }

    /** "True" is true in Python; MONAI scales only to a range with both ends. */
    @Test
    void argumentsMeanWhatTheyMeanInPython() throws IOException {
        String named =
                "{\"_target_\": \"ScaleIntensityRanged\", \"keys\": \"image\", \"a_min\": -50, \"a_max\": 150, \"b_min\": 0, \"b_max\": 1, \"clip\": true}";
        String normal = "{\"_target_\": \"NormalizeIntensityd\", \"nonzero\": \"True\", \"channel_wise\": null}";
        assertThat(monai(METADATA, INFERENCE.replace(named, normal))
                        .manifest()
                        .at("/input/volume/steps")
                        .toString())
                .isEqualTo("[{\"kind\":\"zero-mean\",\"perChannel\":false,\"epsilon\":0,\"nonzero\":true}]");
        String open = named.replace("\"b_min\": 0, \"b_max\": 1", "\"b_min\": 0.5, \"b_max\": null");
        assertThat(monai(METADATA, INFERENCE.replace(named, open))
                        .manifest()
                        .at("/input/volume/steps")
                        .toString())
                .isEqualTo(
                        "[{\"kind\":\"linear\",\"gain\":[0.005],\"offset\":[0.25]},{\"kind\":\"clip\",\"minimum\":0.5}]");
    }

    private static final String LOADS = "\"LoadImaged\", \"keys\": \"image\"";
    private static final String TYPED = "{\"_target_\": \"EnsureTyped\", \"keys\": \"image\"}";

    private JsonNode steps(String transform) throws IOException {
        String ranged = INFERENCE.replaceFirst(".*ScaleIntensityRanged.*\n", "");
        return monai(METADATA, ranged.replace(TYPED, transform)).manifest().at("/input/volume/steps");
    }

    /** monai/transforms: Orientation ignores axcodes then; the reader turns the volume to RAS by itself. */
    @Test
    void closestCanonicalIsRas() throws IOException {
        String given = "\"axcodes\": \"RAS\"";
        String ignored = INFERENCE.replace(given, "\"axcodes\": \"LPS\", \"as_closest_canonical\": true");
        assertThat(orientation(ignored)).isEqualTo("RAS");
        assertThat(orientation(INFERENCE.replace(given, "\"axcodes\": \"LPS\"")))
                .isEqualTo("LPS");
        String reader = INFERENCE.replace(
                LOADS, LOADS + ", \"reader\": \"monai.data.NibabelReader\", \"as_closest_canonical\": true");
        assertThat(orientation(reader.replaceFirst(".*Orientationd.*\n", ""))).isEqualTo("RAS");
        assertThat(orientation(reader.replace(given, "\"axcodes\": \"LPS\""))).isEqualTo("LPS");
    }

    @Test
    void readersThatGiveTheFileAsItIsAreTaken() throws IOException {
        String given = INFERENCE.replace(LOADS, LOADS + ", \"reader\": \"ITKReader\", \"reverse_indexing\": false");
        assertThat(monai(METADATA, given).manifest())
                .isEqualTo(monai(METADATA, INFERENCE).manifest());
    }

    private String orientation(String inference) throws IOException {
        return monai(METADATA, inference)
                .manifest()
                .at("/input/volume/orientation")
                .asString("");
    }

    /** As monai.transforms.ScaleIntensity 1.6.1 computes it for each of these. */
    @Test
    void scaleIntensityWithoutARangeLeavesValuesOrMultipliesThem() throws IOException {
        String scale = "{\"_target_\": \"ScaleIntensityd\", \"keys\": \"image\", \"minv\": null, ";
        assertThat(steps(scale + "\"maxv\": null}").isEmpty()).isTrue();
        assertThat(steps(scale + "\"maxv\": null, \"factor\": 0.5}").toString())
                .isEqualTo("[{\"kind\":\"linear\",\"gain\":[1.5],\"offset\":[0.0]}]");
        assertThat(steps(scale + "\"maxv\": 5}").toString())
                .as("to 0 to 1, as if maxv were not there")
                .isEqualTo("[{\"kind\":\"scale-range\",\"perChannel\":false,\"epsilon\":0}]");
    }

    @Test
    void transformsOfOtherKeysDoNotChangeTheImage() throws IOException {
        String label = "{\"_target_\": \"ScaleIntensityd\", \"keys\": \"label\"}";
        assertThat(steps(label).isEmpty()).isTrue();
        assertThat(steps(label.replace("\"label\"", "[\"label\", \"image\"]")).size())
                .isEqualTo(1);
        String named = INFERENCE.replace("\"keys\": \"image\"", "\"keys\": \"img\"");
        assertThat(monai(METADATA, named).manifest())
                .as("the only key is the image")
                .isEqualTo(monai(METADATA, INFERENCE).manifest());
        assertThatThrownBy(() -> monai(
                        METADATA,
                        named.replace("\"EnsureTyped\", \"keys\": \"img\"", "\"EnsureTyped\", \"keys\": \"label\"")))
                .hasMessageContaining("preprocessing with the keys [img, label] and without \"image\"");
    }

    /** AsDiscrete computes {@code img >= threshold}; a label has what is above thresholds.mask. */
    @Test
    void theThresholdItselfBelongsToTheLabel() throws IOException {
        String inference = INFERENCE
                .replace("\"softmax\": true", "\"sigmoid\": true")
                .replace("\"argmax\": true", "\"threshold\": 0.5");
        double mask =
                monai(METADATA, inference).manifest().at("/thresholds/mask").asDouble();
        assertThat((float) mask).isLessThan(0.5f);
        assertThat(Math.nextUp((float) mask)).isEqualTo(0.5f);
    }

    @Test
    void aBundleMaySayItInYaml() throws IOException {
        Path zip = zip(
                "spleen/configs/metadata.json", METADATA,
                "spleen/configs/inference.yaml", INFERENCE,
                "spleen/models/model.ts", "the archive");
        assertThat(ImportedModel.read(zip, NONE).orElseThrow().manifest())
                .isEqualTo(monai(METADATA, INFERENCE).manifest());
    }

    /** The tree of YAML would have the name of an alias in the place of its value. */
    @Test
    void anAliasOfYamlIsRefused() throws IOException {
        Path zip = zip(
                "spleen/configs/metadata.json", METADATA,
                "spleen/configs/inference.yaml", "pad: &pad -1024\ninferer: {cval: *pad}\n",
                "spleen/models/model.ts", "the archive");
        assertThatThrownBy(() -> ImportedModel.read(zip, NONE))
                .isInstanceOf(RefusedPackageException.class)
                .hasMessageContaining("uses the YAML alias *pad; write its value in its place");
    }

    @Test
    void theInferenceOfAnotherBundleInThePackageIsNotTaken() throws IOException {
        Path zip = zip(
                "a/configs/metadata.json",
                METADATA,
                "a/configs/inference.json",
                INFERENCE,
                "a/models/model.ts",
                "the archive",
                "another/configs/inference.yaml",
                "inferer: {}\n");
        assertThat(ImportedModel.read(zip, NONE).orElseThrow().manifest())
                .isEqualTo(monai(METADATA, INFERENCE).manifest());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            value = {
                "\"mode\": \"gaussian\" | \"cval\": \"0\" | inferer.cval is another than 0",
                "\"@roi\" | [96.5, 96, 96] | 'inferer.roi_size is [96.5,96,96]; gnserve takes three sizes above 0'",
                "\"@roi\" | \"$(96, 96, 96)\" | 'inferer.roi_size is the Python expression \"$(96, 96, 96)\"'",
                "\"@roi\" | \"@size\" | refers to nothing",
                "SlidingWindowInferer | SimpleInferer | inferer is SimpleInferer",
                "EnsureTyped | CropForegroundd | 'preprocessing.transforms[5] CropForegroundd is not taken'",
                "\"EnsureTyped\", | \"EnsureTyped\", \"_disabled_\": \"$not @roi\", | preprocessing.transforms[5]._disabled_ is the Python expression",
                "\"LoadImaged\", | \"LoadImaged\", \"reverse_indexing\": true, | LoadImaged.reverse_indexing true is not taken",
                "\"LoadImaged\", | \"LoadImaged\", \"reader\": \"PydicomReader\", | 'LoadImaged.reader \"PydicomReader\" is not taken'",
                "\"LoadImaged\", | \"LoadImaged\", \"dtype\": \"$np.int16\", | LoadImaged.dtype",
                "\"EnsureChannelFirstd\", | \"EnsureChannelFirstd\", \"channel_dim\": 0, | EnsureChannelFirstd.channel_dim 0 is not taken",
                "\"EnsureTyped\", | \"EnsureTyped\", \"dtype\": \"int32\", | EnsureTyped.dtype",
                "\"axcodes\": \"RAS\" | \"axcodes\": \"RAS\", \"labels\": [[\"R\", \"L\"], [\"P\", \"A\"], [\"I\", \"S\"]] | Orientationd.labels",
                "\"axcodes\": \"RAS\" | \"axcodes\": null | Orientationd.axcodes",
                "\"transform\": \"@preprocessing\" | \"post_func\": \"$lambda x: x\" | Invertd.post_func is not taken",
                "Invertd | KeepLargestConnectedComponentd | KeepLargestConnectedComponentd is not taken",
                "\"clip\": true | \"relative\": true | ScaleIntensityRanged.relative is not taken",
                "\"argmax\": true | \"rounding\": \"torchrounding\" | AsDiscreted.rounding is not taken",
                "\"argmax\": true | \"argmax\": \"yes\" | AsDiscreted.argmax, which is \"yes\" and neither true nor false",
                "\"argmax\": true | \"argmax\": true, \"threshold\": 0.5 | AsDiscreted with both argmax and threshold",
                "[1.5, 1.5, 2.0] | [1.5, 1.5, -1] | 'Spacingd.pixdim [1.5,1.5,-1], which has no distance above 0'",
                "\"a_min\": -50 | \"a_min\": \"-50\" | ScaleIntensityRanged.a_min, which is \"-50\" and no number",
                "\"overlap\": 0.5 | \"overlap\": \"0.5\" | inferer.overlap is \"0.5\"; gnserve takes numbers",
                "\"mode\": \"gaussian\" | \"sigma_scale\": 0.2 | inferer.sigma_scale is another than 0.125"
            })
    void whatABundleDoesInPythonIsRefusedByName(String from, String to, String why) {
        assertThat(INFERENCE).contains(from);
        assertThatThrownBy(() -> monai(METADATA, INFERENCE.replace(from, to)))
                .isInstanceOf(RefusedPackageException.class)
                .hasMessageContaining(why);
    }

    /** A network over images is served on each plane of a volume. */
    @Test
    void axesWithoutZAreThoseOfPlanes() throws IOException {
        String yaml = NEWER.replaceAll(" +- \\{type: space, id: z.*\n", "").replace("[z, y, x]", "[y, x]");
        ImportedModel made = images("bioimageio.yaml", yaml);
        JsonNode volume = made.manifest().at("/input/volume");

        assertThat(volume.path("planes").asBoolean()).isTrue();
        assertThat(volume.path("axes").asString()).isEqualTo("zyx");
        assertThat(volume.path("window").toString()).isEqualTo("[1,512,512]");
        assertThat(volume.path("smallest").toString()).isEqualTo("[1,16,16]");
        assertThat(volume.path("halo").toString()).isEqualTo("[0,4,4]");
        assertThat(volume.path("steps").toString())
                .isEqualTo("[{\"kind\":\"zero-mean\",\"perChannel\":true,\"epsilon\":1.0E-5}]");
        NpyHeader header = NpyHeader.read(made.files().get("test_input.npy"));
        assertThat(header.shape()).containsExactly(1, 1, 1, 1, 2);
        assertThat(made.files().get("test_input.npy").length - header.from()).isEqualTo(2 * Float.BYTES);

        String older = OLDER.replace("bczyx", "bcyx")
                .replace("[1, 2, 32, 64, 64]", "[1, 1, 64, 64]")
                .replace("axes: czyx", "axes: cyx")
                .replace("[1, 0, 1, 1, 1]", "[1, 0, 1, 1]")
                .replace("[0, 1, 0, 0, 0]", "[0, 1, 0, 0]")
                .replace("[0, 0, 4, 8, 8]", "[0, 0, 8, 8]");
        JsonNode section = images("rdf.yaml", older).manifest().at("/input/volume");
        assertThat(section.path("window").toString()).isEqualTo("[1,64,64]");
        assertThat(section.path("halo").toString()).isEqualTo("[0,8,8]");
        assertThat(section.at("/steps/0/perChannel").asBoolean(true)).isFalse();
        assertThatThrownBy(() -> images("rdf.yaml", older.replace("bcyx", "byxc")))
                .hasMessageContaining(
                        "inputs[0].axes are b**c (space: yx); gnserve takes a batch axis, then a channel axis");
    }

    private ImportedModel images(String name, String yaml) throws IOException {
        byte[] in = tensor(new long[] {1, 1, 1, 2}, 1, 2);
        byte[] out = tensor(new long[] {1, 2, 1, 2}, 0.25f, 0.5f, 0.75f, 0.5f);
        Path zip = zip(name, yaml, "weights.pt", "the archive", "in.npy", in, "out.npy", out);
        return ImportedModel.read(zip, NONE).orElseThrow();
    }

    @Test
    void otherFilesAreNoPackages() throws IOException {
        assertThat(ImportedModel.read(zip("archive/code/a.py", "x"), NONE)).isEmpty();
        assertThat(ImportedModel.read(Files.writeString(folder.resolve("a.txt"), "text"), NONE))
                .isEmpty();
    }
}
