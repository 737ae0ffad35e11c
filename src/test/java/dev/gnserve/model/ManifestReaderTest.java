package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.batching.BatchPolicy;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Normalization;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Resize;
import dev.gnserve.image.SampleRange;
import dev.gnserve.image.Tiling;
import dev.gnserve.model.OutputSpec.Decoder;
import dev.gnserve.model.Verification.OnLoad;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestReaderTest {

    @Test
    void taskAndLabelsAreEnough() {
        ModelManifest manifest = read("task: segmentation\nlabels: [nucleus]\n");

        assertThat(manifest.task()).isEqualTo(Task.SEGMENTATION);
        assertThat(manifest.output())
                .isEqualTo(new OutputSpec(
                        Decoder.SOFTMAX,
                        null,
                        List.of("background", "nucleus"),
                        0,
                        true,
                        0,
                        BoxSpec.USUAL,
                        null,
                        List.of()));
        assertThat(manifest.input().colour()).isEqualTo(ChannelOrder.RGB);
        assertThat(manifest.input().padding()).isEqualTo(Padding.reflect(16));
        assertThat(manifest.batching()).isEqualTo(BatchPolicy.DEFAULT);
        assertThat(manifest.warmUp().shapes()).containsExactly(TensorShape.of(3, 512, 512));
        assertThat(manifest.warmUp().batchSizes()).containsExactly(1, BatchPolicy.DEFAULT.maxSize());
    }

    @Test
    void everyFieldIsRead() {
        ModelManifest manifest = read("""
                task: segmentation
                description: Cell nuclei
                license: CC0-1.0
                labels: [nucleus]
                input:
                  colour: gray
                  resize: {mode: shortest-side, size: 256, maxSize: 1024}
                  sizeMultiple: 8
                  padding: constant
                  tile: {size: 256, overlap: 32}
                  normalization: {kind: percentile, low: 0.5, high: 99, minimumRange: 4}
                output:
                  decoder: softmax
                  channels: [background, nucleus, boundary]
                thresholds: {mask: 0.4, seed: 0.6, minimumSeedArea: 5, minimumArea: 20}
                batching: {maxSize: 8, maxDelay: 5ms, queueCapacity: 100}
                execution: {workers: 2, threads: 1, device: cpu}
                verification: {onLoad: require, sampleRate: 0.01, groups: 8, epsilon: 1.0e-5}
                warmUp: {shapes: [[1, 64, 96]], batchSizes: [1, 2, 8]}
                """);

        assertThat(manifest.description()).isEqualTo("Cell nuclei");
        assertThat(manifest.license()).isEqualTo("CC0-1.0");
        assertThat(manifest.input())
                .isEqualTo(new InputSpec(
                        ChannelOrder.GRAY,
                        SampleRange.FULL,
                        new Resize.ShortestSide(256, 1024),
                        Padding.constant(8, 0),
                        new Tiling(256, 32),
                        new Normalization.Percentile(0.5f, 99, 4)));
        assertThat(manifest.output().channels()).containsExactly("background", "nucleus", "boundary");
        assertThat(manifest.thresholds())
                .isEqualTo(new Thresholds(0.4f, 0.6f, 5, 20, 0.5f, 0.5f, 300, List.of(), List.of()));
        assertThat(manifest.batching()).isEqualTo(new BatchPolicy(8, Duration.ofMillis(5), 100));
        assertThat(manifest.execution()).isEqualTo(new Execution(2, 1, Device.CPU, null, Accuracy.EXACT));
        assertThat(manifest.verification())
                .isEqualTo(new Verification(OnLoad.REQUIRE, 0.01f, new ExpectedGroupNorm(8, 1e-5)));
        assertThat(manifest.warmUp())
                .isEqualTo(new WarmUp(List.of(TensorShape.of(1, 64, 96)), List.of(1, 2, 8), List.of(ElementType.FP32)));
    }

    @Test
    void statisticsOfADataSetAreOnePerChannel() {
        String mean =
                "input: {normalization: {kind: fixed, mean: [1, 2, 3], standardDeviation: [4, 5, 6], scale: 1}}\n";

        assertThat(read("task: segmentation\nlabels: [a]\n" + mean).input().normalization())
                .isEqualTo(new Normalization.Fixed(1, List.of(1f, 2f, 3f), List.of(4f, 5f, 6f)));
        refuses(
                "input: {colour: gray, normalization: {mean: [1, 2, 3]}}",
                3,
                "input.normalization",
                "one per channel (1)");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "batching: {maxSize: many} | batching.maxSize | is many; allowed is a whole number from 1 to 1024",
                "batching: {maxSize: 0} | batching.maxSize | is 0; allowed is a whole number from 1 to 1024",
                "batching: {maxDelay: 5} | batching.maxDelay | is 5; allowed is a whole number with a unit",
                "batching: {maxSize: 8, queueCapacity: 4} | batching | queueCapacity is 4, allowed is maxSize (8) or more",
                "input: {color: rgb} | input.color | unknown field (is colour meant?); allowed here: colour, channels, resize",
                "input: {colour: cmyk} | input.colour | is cmyk; allowed is one of rgb, bgr, gray",
                "input: {tile: {size: 500}} | input | tile.size is 500, allowed is a multiple of sizeMultiple (16)",
                "input: {resize: {mode: fit, width: 64}} | input.resize | height is missing; allowed is a whole number",
                "input: [1] | input | is a list; allowed is a section of colour, channels, resize",
                "output: {channels: [background, cell]} | line | label a has no channel among output.channels",
                "output: {channels: [a, cell]} | line | output channel cell is neither background, boundary nor one of",
                "thresholds: {mask: 1.5} | thresholds.mask | is 1.5; allowed is a number from 0 to 1",
                "thresholds: {mask: } | thresholds.mask | is empty; allowed is a number from 0 to 1",
                "warmUp: {shapes: [[3, 0, 1]]} | warmUp.shapes[0][1] | is 0; allowed is a whole number from 1",
                "warmUp: {shapes: [[3, 16384, 16384]], batchSizes: [8]} | warmUp | batchSizes are [8]; allowed are those up to batching.maxSize (4)",
                "warmUp: {shapes: [[3, 16384]]} | warmUp.shapes[0] | must have at least 3 items but found 2; allowed is a shape such as",
                "warmUp: {shapes: [[1, 64, 64]]} | line | warmUp shape is [1, 64, 64], allowed is [3, height, width]",
                "license: [a] | license | is a list; allowed is a text",
                "labels: [b] | labels | given twice",
                "warmUp: {batchSizes: []} | warmUp.batchSizes | must have at least 1 items",
            })
    void aMistakeIsToldWithLineFieldValueAndWhatIsAllowed(String mistake, String field, String what) {
        int line = mistake.startsWith("output") || mistake.startsWith("warmUp: {shapes: [[1") ? 1 : 3;
        refuses(mistake, line, field, what);
    }

    @Test
    void everyMistakeIsShownInTheOrderOfTheLines() {
        assertThatThrownBy(() -> read("""
                task: segmentation
                batchin: {maxSize: 4}
                labels: [a]
                input:
                  resize:
                    mode: fit
                    size: 5
                    width: 1.5
                  tile:
                    overlap: -1
                """))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessage("""
                model.yaml, line 2, batchin: unknown field (is batching meant?); allowed here: task, labels, description, license, \
                input, output, thresholds, inputs, batching, execution, verification, warmUp, golden
                model.yaml, line 5, input.resize: height is missing; allowed is a whole number from 1 to 16384
                model.yaml, line 7, input.resize.size: not allowed here: Pixels of the shorter side; required with the mode shortest-side
                model.yaml, line 8, input.resize.width: is "1.5"; allowed is a whole number from 1 to 16384
                model.yaml, line 10, input.tile.overlap: is -1; allowed is a whole number from 0 to 16384""");
    }

    @Test
    void aFieldThatIsFarFromAllOthersHasNoNearestName() {
        refuses("colors: [red]", 3, "colors", "unknown field; allowed here: task, labels");
    }

    /** As people write labels of digits. */
    @Test
    void textsAreReadAsTheyAreWritten() {
        ModelManifest manifest = read("task: classification\nlabels: [0, 007, 1.50, yes, true]\nlicense: 1.0\n");
        assertThat(manifest.labels()).containsExactly("0", "007", "1.50", "yes", "true");
        assertThat(manifest.license()).isEqualTo("1.0");
    }

    @Test
    void numbersAreReadInEveryNotationOfYaml() {
        Thresholds thresholds =
                read("task: segmentation\nlabels: [a]\nthresholds: {mask: .5, seed: 2.5e-1, minimumArea: '7', score: 1}\n")
                        .thresholds();
        assertThat(thresholds).isEqualTo(new Thresholds(0.5f, 0.25f, 1, 7, 1, 0.5f, 300, List.of(), List.of()));
        refuses("thresholds: {mask: 1e999999999}", 3, "thresholds.mask", "is 1E+999999999; allowed is a number");
        refuses("thresholds: {maxDetections: 1" + "0".repeat(99) + "}", 3, "thresholds.maxDetections", "allowed is");
        refuses("thresholds: {maxDetections: 1e999999999}", 3, "thresholds.maxDetections", "allowed is a whole number");
        refuses("thresholds: {mask: .nan}", 3, "thresholds.mask", "is .nan; allowed is a number");
    }

    @Test
    void whatIsNoYamlIsToldWithItsLine() {
        refuses("input: {colour: [", 3, "line", "not YAML");
        refuses("---\ntask: segmentation", 4, "line", "a second document");
    }

    @Test
    void anEmptyFileSaysWhatIsMissing() {
        assertThatThrownBy(() -> read(""))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining(
                        "task is missing; allowed is one of segmentation, detection, classification, embedding, regression, tensors");
        assertThatThrownBy(() -> read("task: segmentation"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("labels is missing; allowed is a list of distinct names");
    }

    @Test
    void whatIsLeftOutIsThatOfTheArchive() throws IOException {
        ArchiveInput deep = new ArchiveInput(1, 32, 0, 1);
        InputSpec input = ManifestReader.read("model.yaml", "task: segmentation\nlabels: [a]", () -> deep)
                .input();
        assertThat(input.colour()).isEqualTo(ChannelOrder.GRAY);
        assertThat(input.padding().multiple()).isEqualTo(32);
        assertThat(input.resize()).isEqualTo(new Resize.None());

        ArchiveInput fixed = new ArchiveInput(3, 1, 299, 2);
        input = ManifestReader.read("model.yaml", "task: segmentation\nlabels: [a]", () -> fixed)
                .input();
        assertThat(input.resize()).isEqualTo(new Resize.Stretch(299, 299));
        assertThat(input.padding().multiple()).isOne();
        assertThat(input.tiling()).isNull();

        String said =
                "task: segmentation\nlabels: [a]\ninput: {colour: bgr, sizeMultiple: 8}\noutput: {decoder: softmax}";
        input = ManifestReader.read("model.yaml", said, () -> {
                    throw new AssertionError("nothing is left out");
                })
                .input();
        assertThat(input.colour()).isEqualTo(ChannelOrder.BGR);
        assertThat(input.padding().multiple()).isEqualTo(8);
    }

    /** Softmax of one logit is always 1. */
    @Test
    void aSingleLogitIsASigmoid() throws IOException {
        for (String task : List.of("segmentation", "classification")) {
            ArchiveInput one = new ArchiveInput(3, 1, 0, 1);
            assertThat(decoder("task: " + task + "\nlabels: [a]", one)).isEqualTo(Decoder.SIGMOID);
            assertThat(decoder("task: " + task + "\nlabels: [a]", new ArchiveInput(3, 1, 0, 2)))
                    .isEqualTo(Decoder.SOFTMAX);
            assertThat(decoder("task: " + task + "\nlabels: [a]\noutput: {decoder: softmax}", one))
                    .isEqualTo(Decoder.SOFTMAX);
        }
    }

    /** Tiles and padding would change the scale to which its own transform resizes. */
    @Test
    void aDetectorOfTorchvisionGetsImagesWhole() throws IOException {
        TorchScriptArchive archive = TorchScriptArchive.of(
                java.nio.file.Files.readAllBytes(java.nio.file.Path.of("src/test/resources/torchvision/mask-rcnn.pt")));

        InputSpec input = ManifestReader.read(
                        "model.yaml", "task: detection\nlabels: [a, b, c]", archive, new ArchiveInput(3, 1, 0, 1))
                .input();

        assertThat(input.tiling()).isNull();
        assertThat(input.padding().multiple()).isOne();
    }

    private static Decoder decoder(String yaml, ArchiveInput archive) throws IOException {
        return ManifestReader.read("model.yaml", yaml, () -> archive).output().decoder();
    }

    @Test
    void thresholdsOfLabelsAreThoseOfPixels() {
        ModelManifest manifest = read("task: segmentation\nlabels: [a, b]\nthresholds: {masks: [0.2, 0.7]}");
        assertThat(manifest.output().exclusive()).isFalse();
        assertThat(manifest.thresholds().mask(1)).isEqualTo(0.7f);

        for (String wrong : List.of(
                "task: segmentation\nlabels: [a, b]\nthresholds: {masks: [0.2]}",
                "task: segmentation\nlabels: [a]\noutput: {decoder: stardist}\nthresholds: {masks: [0.2]}",
                "task: detection\nlabels: [a, b]\nthresholds: {masks: [0.2]}",
                "task: detection\nlabels: [a]\noutput: {decoder: solov2}\nthresholds: {masks: [0.2]}")) {
            assertThatThrownBy(() -> read(wrong))
                    .isInstanceOf(InvalidManifestException.class)
                    .hasMessageContaining("thresholds.masks has 1 values; allowed is one for each of the");
        }
    }

    @Test
    void anInputWithoutShapesGetsTheImage() {
        ModelManifest manifest = read("""
                task: classification
                labels: [a, b]
                inputs: [{name: age, shapes: [[1]], value: [40]}, {name: picture}]
                input: {resize: {mode: stretch, width: 32, height: 16}}
                """);

        ImageParameters parameters = Objects.requireNonNull(manifest.input().parameters());
        assertThat(parameters.parameters())
                .extracting(ImageParameters.Input::name)
                .containsExactly("age");
        assertThat(manifest.warmUp().shapes()).containsExactly(TensorShape.of(3, 16, 32));
        assertThat(Objects.requireNonNull(manifest.warmUp().named()).inputs())
                .extracting(input -> input.name() + input.shapes())
                .containsExactly("age[[1]]", "picture[[3, 16, 32]]");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            [{name: image}]                                          | has 1 inputs, of which 1 are without shapes
            [{name: a}, {name: b}]                                   | has 2 inputs, of which 2 are without shapes
            [{name: a}, {name: a, shapes: [[1]]}]                    | allowed are different names
            [{name: a, value: [1]}, {name: b, shapes: [[1]]}]        | input a has no shapes, so it gets the image
            [{name: a}, {name: b, shapes: [[1], [2]]}]               | allowed are one shape, and types other than fp16
            [{name: a}, {name: b, dataType: fp16, shapes: [[1]]}]    | allowed are one shape, and types other than fp16
            [{name: a}, {name: b, shapes: [[2]], value: [1]}]        | has the shape [2], but an array with 1 values where 2 belong
            [{name: a}, {name: b, dataType: int32, shapes: [[1]], value: [1.5]}] | has the value 1.5, which is not a whole number
            """)
    void inputsBesideAnImageThatDoNotFitAreNamed(String inputs, String says) {
        assertThatThrownBy(() -> read("task: classification\nlabels: [a, b]\ninputs: " + inputs))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("line 3, inputs: ")
                .hasMessageContaining(says);
        assertThatThrownBy(() -> read("task: tensors\ninputs: [{name: a}]"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("input a needs shapes");
    }

    @Test
    void aModelOfTensorsNeedsTheShapesOfItsInputOnly() {
        ModelManifest manifest = read("task: tensors\nwarmUp: {shapes: [[4], [6]]}");
        assertThat(manifest.labels()).isEmpty();
        assertThat(read("task: tensors\nlabels: []\nwarmUp: {shapes: [[4]]}").labels())
                .isEmpty();
        assertThat(manifest.output().decoder()).isEqualTo(Decoder.TENSORS);
        assertThat(manifest.warmUp().shapes()).containsExactly(TensorShape.of(4), TensorShape.of(6));

        assertThatThrownBy(() -> read("task: tensors\n"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("warmUp is missing; allowed is a section such as {shapes: [[3, 256, 256]]}");
        assertThatThrownBy(() -> read("task: tensors\nwarmUp: {}"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("line 2, warmUp: shapes is missing; allowed is a list such as [[3,256,256]]");
        assertThatThrownBy(() -> read("task: tensors\nwarmUp: {shapes: [[16384, 16384, 16384]]}"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("line 2, warmUp: ")
                .hasMessageContaining("has more than 2^31 - 1 values");
        assertThatThrownBy(() -> read("task: tensors\nwarmUp: {shapes: [[4], [6, 2]]}"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("warmUp shape is [6, 2], allowed are shapes of 1 axes");
        assertThatThrownBy(
                        () -> read("task: tensors\nwarmUp: {shapes: [[4]]}\ngolden: {image: a.png, expected: a.json}"))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining("line 3, golden: not allowed here");
    }

    private static final String VOLUME = "input: {volume: {window: [8, 8, 8]}}\n";

    @Test
    void theDecoderWatershedGoesWithOneLabelABoundaryAndVolumes() {
        OutputSpec output = read("task: segmentation\nlabels: [cell]\n" + VOLUME
                        + "output: {decoder: watershed, watershed: {planes: true, pitch: [2, 1, 1]}}")
                .output();
        assertThat(output.channels()).containsExactly("boundary");
        assertThat(output.family()).isEqualTo(new WatershedSpec(0.5f, 1, 2, 100, 1, List.of(2.0, 1.0, 1.0), true));

        refuses("output: {decoder: watershed}", 1, "output.decoder is watershed", "which goes with input.volume");
        refuses(
                VOLUME + "output: {decoder: watershed, channels: [a]}",
                1,
                "channels [a]",
                "allowed are one label, for all objects, and channels with boundary among them");
        refuses(
                VOLUME + "output: {decoder: watershed}\nthresholds: {mask: 0.3}",
                5,
                "thresholds",
                "the threshold of boundaries is output.watershed.threshold");
        refuses(
                VOLUME + "output: {decoder: sigmoid, watershed: {alpha: 1}}",
                4,
                "output.watershed",
                "not allowed here: output.decoder is sigmoid");
        refuses(
                VOLUME + "output: {decoder: sigmoid, channels: [a, boundary]}",
                1,
                "output.decoder is sigmoid with the channels [a, boundary]",
                "and watershed, with it");
        refuses(VOLUME + "output: {decoder: watershed, watershed: {pitch: [1, 1]}}", 4, "pitch", "three numbers");
        assertThatThrownBy(() -> read("task: segmentation\nlabels: [a, b]\n" + VOLUME + "output: {decoder: watershed}"))
                .hasMessageContaining("with the labels [a, b]");
    }

    @Test
    void theAccuracyIsForAPlanThatIsChosen() {
        assertThat(accuracy("{accuracy: decisions}")).isEqualTo(Accuracy.DECISIONS);
        assertThat(accuracy("{plan: auto, accuracy: exact}")).isEqualTo(Accuracy.EXACT);
        assertThat(accuracy("{plan: int8}")).isEqualTo(Accuracy.EXACT);
        assertThat(accuracy("{accuracy: 5e-3}")).isEqualTo(new Accuracy("0.005", 0.005, 0.0005));
        assertThat(accuracy("{accuracy: '.005'}").label()).isEqualTo("0.005");
        refuses(
                "execution: {plan: int8, accuracy: decisions}",
                3,
                "execution.accuracy",
                "the plan is int8; leave one of them out");
        for (String other : new String[] {"1", "0", "1e-7", "high", "-1e-3", "1e3", "0x1p-8", "NaN", "[]"}) {
            refuses("execution: {accuracy: " + other + "}", 3, "execution.accuracy", "allowed is");
        }
    }

    private static Accuracy accuracy(String execution) {
        return read("task: segmentation\nlabels: [a]\nexecution: " + execution)
                .execution()
                .accuracy();
    }

    @Test
    void workersTimesThreadsStayWithinTheCores() {
        assertThat(new Execution(2, 8, Device.CPU, ExecutionPlan.AS_EXPORTED, Accuracy.EXACT).threadsOn(8))
                .isEqualTo(4);
        assertThat(new Execution(4, 8, Device.CPU, ExecutionPlan.AS_EXPORTED, Accuracy.EXACT).threadsOn(2))
                .isEqualTo(1);
        assertThat(new Execution(0, 3, Device.CPU, ExecutionPlan.AS_EXPORTED, Accuracy.EXACT).threadsOn(2))
                .isEqualTo(1);
        assertThat(new Execution(0, 0, Device.CPU, ExecutionPlan.AS_EXPORTED, Accuracy.EXACT).threadsOn(2))
                .as("automatic")
                .isZero();
        assertThat(new Execution(0, 0, Device.CPU, ExecutionPlan.AS_EXPORTED, Accuracy.EXACT).workersOn(2))
                .isEqualTo(2);
        assertThat(new Execution(0, 0, Device.CPU, ExecutionPlan.AS_EXPORTED, Accuracy.EXACT).workersOn(64))
                .isEqualTo(4);
    }

    private static void refuses(String thirdLine, int line, String field, String what) {
        assertThatThrownBy(() -> read("task: segmentation\nlabels: [a]\n" + thirdLine + "\n"))
                .isInstanceOf(InvalidManifestException.class)
                .satisfies(thrown -> assertThat(thrown.getMessage().replace("\"", ""))
                        .startsWith("model.yaml, line ")
                        .contains(field)
                        .contains(what))
                .hasMessageContaining("line " + line);
    }

    private static ModelManifest read(String yaml) {
        return ManifestReader.read("model.yaml", yaml);
    }
}
