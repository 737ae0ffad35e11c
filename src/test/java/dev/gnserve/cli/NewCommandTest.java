package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.Samples;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Resize;
import dev.gnserve.model.ClipSpec;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.NamedInputs;
import dev.gnserve.model.NamedInputs.NamedInput;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.model.Task;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code new} on several kinds of archives. The expected values come from the scripts that made them. */
class NewCommandTest {

    private static final Path OWN = Path.of("src/test/resources/models");
    private static final Path SHAPES = Path.of("src/test/resources/shapes");

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aClassifierIsRecognized() throws IOException {
        ModelManifest manifest =
                made("cells", OWN.resolve("classifier-traced.pt"), "--labels", "a,b,c,d", "--decoder", "softmax");

        assertThat(manifest.task()).isEqualTo(Task.CLASSIFICATION);
        assertThat(manifest.labels()).containsExactly("a", "b", "c", "d");
        assertThat(manifest.input().padding().multiple()).isOne();
        assertThat(Files.readString(folder.resolve("cells/model.yaml")))
                .contains(
                        "output FP32 [4]: values ",
                        "# Read as: logits of one label an image.",
                        "{group-norm=3}",
                        "4 groups, epsilon 1.0E-5");
        assertThat(folder.resolve("cells/1/model.pt")).hasSameBinaryContentAs(OWN.resolve("classifier-traced.pt"));
        assertThat(out.toString()).contains("v1/models/cells/classify");
    }

    @Test
    void theSizeMultipleIsTheStrideOfTheNetwork() throws IOException {
        ModelManifest manifest = made("coarse", OWN.resolve("coarse-scripted.pt"), "--labels", "a,b");

        assertThat(manifest.task()).isEqualTo(Task.SEGMENTATION);
        assertThat(manifest.labels()).containsExactly("a", "b");
        assertThat(manifest.input().padding().multiple()).isEqualTo(4);
        // The network halves its input four times and concatenates it with earlier layers.
        assertThat(made("nuclei", Path.of("src/main/resources/models/nuclei-unet-gn/1/model.pt"), "--labels", "a,b")
                        .input()
                        .padding()
                        .multiple())
                .isEqualTo(16);
    }

    @Test
    void detectorsAreRecognizedByTheirOutputs() throws IOException {
        ModelManifest dense =
                made("dense", Path.of("src/main/resources/models/bloodcell-fcos-gn/1/model.pt"), "--labels", "a,b,c");
        assertThat(dense.task()).isEqualTo(Task.DETECTION);
        ModelManifest torchvision = made("torchvision", OWN.resolve("torchvision-scripted.pt"), "--labels", "a,b");
        assertThat(torchvision.task()).isEqualTo(Task.DETECTION);
        assertThat(torchvision.labels()).containsExactly("a", "b");
        // Two detections for a batch of two: that axis is not the batch.
        ModelManifest single = made("single", OWN.resolve("one-image-scripted.pt"), "--labels", "a,b");
        assertThat(single.task()).isEqualTo(Task.DETECTION);
    }

    @Test
    void aDetectorOfTorchvisionNormalizesItself() throws IOException {
        Path archive = Path.of("src/test/resources/torchvision/mask-rcnn.pt");

        assertThat(run("instances", archive, "--labels", "a,b,c")).isZero();

        assertThat(Files.readString(folder.resolve("instances/model.yaml")))
                .contains("torchvision's transform", "task: detection", "sizeMultiple: 1");
    }

    @Test
    void aSingleLogitIsASigmoidIfItIsSaid() throws IOException {
        Path archive = OWN.resolve("foreground-scripted.pt");
        assertThat(run("foreground", archive, "--labels", "a")).isEqualTo(1);
        assertThat(err.toString()).contains("--decoder sigmoid --labels a\n", "--task regression --labels a\n");

        ModelManifest manifest = made("foreground", archive, "--labels", "a", "--task", "segmentation");

        assertThat(manifest.labels()).containsExactly("a");
        assertThat(manifest.output().decoder()).isEqualTo(OutputSpec.Decoder.SIGMOID);
    }

    @Test
    void asManyLabelsAsChannelsNeedAChoice() throws IOException {
        Path archive = OWN.resolve("coarse-scripted.pt");

        assertThat(run("overlap", archive, "--labels", "a,b,c")).isEqualTo(1);

        assertThat(err.toString())
                .contains("The values do not show which of these 2 forms it is with 3 labels.")
                .contains(
                        "--decoder softmax --labels a,b,c\n", "--decoder sigmoid --labels a,b,c\n", "--task tensors\n");
        assertThat(folder.resolve("overlap")).doesNotExist();
        ModelManifest overlap = made("overlap", archive, "--labels", "a,b,c", "--decoder", "sigmoid");
        assertThat(overlap.output().decoder()).isEqualTo(OutputSpec.Decoder.SIGMOID);
        ModelManifest exclusive = made("exclusive", archive, "--labels", "a,b,c", "--decoder", "softmax");
        assertThat(exclusive.output().channels()).containsExactly("a", "b", "c");
        assertThat(exclusive.output().exclusive()).isTrue();
    }

    /** Nothing in a vector shows that it is an embedding. */
    @Test
    void anEmbeddingIsAskedFor() throws IOException {
        Path archive = OWN.resolve("classifier-traced.pt");
        assertThat(run("vector", archive)).isEqualTo(1);
        assertThat(err.toString()).contains("An embedding has no labels.", "--task embedding\n");
        assertThat(run("vector", archive, "--task", "embedding", "--labels", "a,b,c,d"))
                .isEqualTo(1);

        ModelManifest manifest = made("vector", archive, "--task", "embedding");

        assertThat(manifest.task()).isEqualTo(Task.EMBEDDING);
        assertThat(manifest.labels()).isEmpty();
        assertThat(out.toString()).contains("v1/models/vector/embed");
    }

    /** A depth and a logit of one class are a number for each pixel; logits are below 0 somewhere. */
    @Test
    void aNumberForEachPixelIsAskedFor() throws IOException {
        Path depth = Path.of("src/test/resources/regression/depth-scripted.pt");
        assertThat(run("depth", depth, "--labels", "depth")).isEqualTo(1);
        assertThat(err.toString()).contains("a number for each pixel", "--task regression --labels depth\n");

        ModelManifest manifest = made("depth", depth, "--task", "regression", "--labels", "depth");

        assertThat(manifest.task()).isEqualTo(Task.REGRESSION);
        assertThat(manifest.input().tiling()).isNull();
        assertThat(out.toString()).contains("v1/models/depth/estimate");
    }

    /** Nothing shows which of several outputs matters. Those that are not read are named. */
    @Test
    void ofSeveralOutputsOneIsChosen() throws IOException {
        Path deep = Path.of("src/test/resources/heads/deep-scripted.pt");
        assertThat(run("deep", deep, "--labels", "a,b")).isEqualTo(1);
        assertThat(err.toString())
                .contains("Choose one of them with --output", "--decoder softmax --output output0 --labels a,b\n");

        ModelManifest manifest = made("deep", deep, "--labels", "a,b", "--output", "output1");

        assertThat(manifest.output().name()).isEqualTo("output1");
        assertThat(out.toString()).contains("not used: output0");
        assertThat(Files.readString(folder.resolve("deep/model.yaml"))).contains("# Not used: output0.\n");
        made("coarse", OWN.resolve("coarse-scripted.pt"), "--labels", "a,b");
        assertThat(Files.readString(folder.resolve("coarse/model.yaml"))).contains("# Not used: aux.\n");
    }

    @Test
    void headsOfAClassifierAreNamed() throws IOException {
        Path archive = Path.of("src/test/resources/heads/heads-scripted.pt");
        String[] heads = {"--head", "age=child,adult,old", "--head", "sex=female,male"};
        assertThat(run("heads", archive, heads)).isEqualTo(1);
        assertThat(err.toString()).contains("which of these 2 forms", "--head sex=class1,class2");
        assertThat(run("heads", archive, "--decoder", "softmax", "--head", "age=child,adult"))
                .isEqualTo(1);

        ModelManifest manifest = made(
                "heads", archive, "--decoder", "softmax", "--head", "age=child,adult,old", "--head", "sex=female,male");

        assertThat(manifest.labels()).containsExactly("age.child", "age.adult", "age.old", "sex.female", "sex.male");
        assertThat(out.toString()).contains("not used: features");
    }

    /** Its sides are at most 64, and its outputs do not begin with the batch. */
    @Test
    void aProgramThatIsOnePassIsSetUpAsTensors() throws IOException {
        Path sizes = Path.of("src/test/resources/programs/torch-2.15/sizes.pt2");

        assertThat(run("sizes", sizes, "--task", "tensors")).as(err.toString()).isZero();
        assertThat(folder.resolve("sizes/model.yaml")).content().contains("task: tensors");
        assertThat(run("images", sizes, "--task", "segmentation", "--labels", "a,b"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("its outputs do not begin with the batch");
    }

    @Test
    void withoutLabelsTheChoicesAreShown() {
        assertThat(run("unnamed", OWN.resolve("classifier-traced.pt"))).isEqualTo(1);

        assertThat(err.toString())
                .contains("nothing is written", "output FP32 [4]: values ", "--decoder softmax --labels class1,class2");
    }

    @Test
    void outputsOfNoKnownFormArePlainTensors() throws IOException {
        ModelManifest manifest = made("plain", OWN.resolve("coarse-scripted.pt"), "--task", "tensors");

        assertThat(manifest.task()).isEqualTo(Task.TENSORS);
        assertThat(manifest.warmUp().shapes())
                .containsExactly(TensorShape.of(3, 164, 172), TensorShape.of(3, 172, 164));
        assertThat(manifest.input().padding().multiple()).isEqualTo(4);
        assertThat(out.toString()).contains("v2/models/plain/infer");
    }

    @Test
    void shapesThatAreSaidAreTriedAndWritten() throws IOException {
        ModelManifest clip = tensors("clip", "--shape", "1x3x4x6x6");
        assertThat(clip.warmUp().shapes()).containsExactly(TensorShape.of(3, 4, 6, 6));
        assertThat(out.toString()).contains("input input FP32 [N, C=3, D=4, H=6, W=6]");
        ModelManifest volume = tensors("volume", "--shape", "1x4x6x6");
        assertThat(volume.warmUp().shapes())
                .as("one channel, and no batch axis")
                .containsExactly(TensorShape.of(1, 4, 6, 6));
        assertThat(out.toString()).contains("input input FP32 [N, C=1, D=4, H=6, W=6]");
        ModelManifest fixed = tensors("fixed-size", "--shape", "3,6,10");
        assertThat(fixed.warmUp().shapes()).containsExactly(TensorShape.of(3, 6, 10));
        assertThat(fixed.batching().maxSize()).as("a batch of two does not run").isOne();

        ModelManifest two = tensors("two-inputs", "--shape", "mask=1x8x12", "--shape", "image=1x3x8x12");
        assertThat(two.warmUp().named())
                .isEqualTo(new NamedInputs(
                        List.of(
                                new NamedInput("image", ElementType.FP32, List.of(TensorShape.of(3, 8, 12))),
                                new NamedInput("mask", ElementType.FP32, List.of(TensorShape.of(8, 12)))),
                        false));

        ModelManifest chosen = tensors("chosen", "--shape", "3x8x12");
        assertThat(chosen.warmUp().named())
                .as("its outputs have no batch axis")
                .isEqualTo(new NamedInputs(
                        List.of(new NamedInput("input", ElementType.FP32, List.of(TensorShape.of(3, 8, 12)))), true));
        assertThat(out.toString()).contains("input input FP32 [C=3, H=8, W=12]", "output output3 FP32 [0, 4]");
    }

    @Test
    void aPictureOfOneSizeRunsAloneIfABatchDoesNot() throws IOException {
        ModelManifest manifest = made(
                "only",
                SHAPES.resolve("fixed-size.pt"),
                "--shape",
                "3,6,10",
                "--labels",
                "a,b,c",
                "--decoder",
                "softmax");

        assertThat(manifest.input().resize()).isEqualTo(new Resize.Stretch(10, 6));
        assertThat(manifest.batching().maxSize()).isOne();
    }

    @Test
    void anotherNumberOfChannelsIsFound() throws IOException {
        ModelManifest manifest = made("bands", SHAPES.resolve("four-channels.pt"), "--labels", "a,b");

        assertThat(manifest.task()).isEqualTo(Task.SEGMENTATION);
        assertThat(manifest.input().colour()).isEqualTo(new ChannelOrder.Stored(4));
    }

    @Test
    void shapesThatAreMissingOrWrongAreNamed() {
        assertThat(run("none", SHAPES.resolve("two-inputs.pt"))).isEqualTo(1);
        assertThat(err.toString())
                .contains("forward takes image (Tensor), mask (Tensor)", "--shape image=1x3x64x64 --shape mask=");
        assertThat(run("one", SHAPES.resolve("two-inputs.pt"), "--shape", "image=1x3x8x12"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("--shape of mask is missing");
        assertThat(run("other", SHAPES.resolve("clip.pt"), "--shape", "picture=1x3x4x6x6"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("forward takes clip (Tensor)");
        assertThat(run("unsaid", SHAPES.resolve("clip.pt"))).isEqualTo(1);
        assertThat(err.toString()).contains("say it: --shape 1x3x512x512");
        assertThat(run("word", SHAPES.resolve("clip.pt"), "--shape", "3xbig")).isEqualTo(2);
        assertThat(err.toString()).contains("--shape is 3xbig, allowed are sizes such as 1x3x512x512");
    }

    /** With labels, outputs of an image and other tensors have a meaning; a request brings the tensors. */
    @Test
    void anImageBesideOtherTensorsIsRecognized() throws IOException {
        Path archive = Path.of("src/test/resources/parameters/conditioned-scripted.pt");
        String[] shapes = {"--shape", "numbers=1x2", "--shape", "image=1x3x32x32", "--shape", "place=1x1:int64"};
        assertThat(run("unsaid", archive, shapes)).as(err.toString()).isZero();
        assertThat(folder.resolve("unsaid/model.yaml")).content().contains("task: tensors");
        String[] named =
                Stream.concat(Stream.of(shapes), Stream.of("--labels", "a,b,c")).toArray(String[]::new);
        assertThat(run("open", archive, named)).isEqualTo(1);
        assertThat(err.toString())
                .contains("--shape place=1x1:int64 --decoder softmax --labels a,b,c", "--task tensors\n");

        ModelManifest manifest = made(
                "conditioned",
                archive,
                Stream.concat(Stream.of(named), Stream.of("--decoder", "softmax"))
                        .toArray(String[]::new));

        assertThat(manifest.task()).isEqualTo(Task.CLASSIFICATION);
        assertThat(Objects.requireNonNull(manifest.input().parameters()).parameters())
                .extracting(Object::toString)
                .containsExactly("numbers FP32 [2]", "place INT64 [1]");
        assertThat(manifest.input().resize()).isEqualTo(new Resize.Stretch(32, 32));
        assertThat(out.toString())
                .contains("input place INT64 [N, 1]", "-F image=@a.png -F parameters=@parameters.json");
    }

    @Test
    void labelsOfClipsAreRecognizedByTheShape() throws IOException {
        Path archive = Path.of("src/test/resources/clips/network.pt");
        ModelManifest manifest = made(
                "clips", archive, "--shape", "1x3x4x20x28", "--labels", "jump,run,sit,walk", "--decoder", "softmax");

        assertThat(manifest.task()).isEqualTo(Task.CLASSIFICATION);
        assertThat(manifest.input().clip()).isEqualTo(new ClipSpec(4, 1, ClipSpec.Sampling.CONSECUTIVE, 1));
        assertThat(manifest.input().resize()).isEqualTo(new Resize.Stretch(28, 20));
        assertThat(manifest.warmUp().shapes()).containsExactly(TensorShape.of(3, 4, 20, 28));
        assertThat(out.toString()).contains("-F image=@clip.gif");
        assertThat(run("unnamed", archive, "--shape", "1x3x4x20x28")).isOne();
        assertThat(err.toString()).contains("--decoder softmax", "--task tensors");
        assertThat(run("tensors", archive, "--shape", "1x3x4x20x28", "--task", "tensors"))
                .isZero();
    }

    private ModelManifest tensors(String name, String... shapes) throws IOException {
        List<String> options = new ArrayList<>(List.of("--task", "tensors"));
        options.addAll(List.of(shapes));
        return made(name, SHAPES.resolve(name + ".pt"), options.toArray(String[]::new));
    }

    @Test
    void jsonHasTheSameFindings() {
        assertThat(run("json", OWN.resolve("instances-scripted.pt"), "--json", "--labels", "a,b"))
                .isZero();

        JsonNode made = JsonMapper.shared().readTree(out.toString());
        assertThat(made.path("found").path("task").asString()).isEqualTo("DETECTION");
        assertThat(made.path("normalizations").path("group-norm").asInt()).isOne();
    }

    @Test
    void anArchiveThatCannotBeServedIsReportedAndLeavesNothing() throws IOException {
        Path volumetric = Files.write(folder.resolve("v.pt"), Samples.bytes("volumetric-traced.pt"));
        assertThat(run("volumes", volumetric)).isEqualTo(1);
        assertThat(err.toString()).contains("5-dimensional");
        assertThat(folder.resolve("volumes")).doesNotExist();

        assertThat(run("wrong", OWN.resolve("classifier-traced.pt"), "--task", "segmentation"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("What is asked for does not fit. These forms fit:");
        assertThat(run("few", OWN.resolve("classifier-traced.pt"), "--labels", "a,b"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("What is asked for does not fit with 2 labels. These forms fit:");
    }

    /** A name does not make outputs those of a family. */
    @Test
    void aFamilyThatTheOutputsContradictIsRefused() {
        Path archive = OWN.resolve("instances-scripted.pt");

        assertThat(run("other", archive, "--like", "efficientdet", "--labels", "a,b"))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains("The outputs are not those of efficientdet: shapes or values contradict it.");
        assertThat(run("unknown", archive, "--like", "centernet")).isEqualTo(2);
        assertThat(err.toString()).contains("the family is 'centernet', allowed are fcos,");
        assertThat(folder.resolve("other")).doesNotExist();
    }

    /** Its convolutions are not padded. */
    @Test
    void mapsThatShowAPartOfTheInputAreRefused() throws IOException {
        Path archive = Files.write(folder.resolve("part.pt"), Samples.bytes("no-norm-traced.pt"));

        assertThat(run("part", archive, "--labels", "a,b")).isEqualTo(1);
        assertThat(err.toString())
                .contains("The maps of 222 x 222 pixels (width x height) for an input of 224 x 224 pixels do not show")
                .contains("--task tensors");
    }

    @Test
    void misuseIsReportedAndNothingIsOverwritten() throws IOException {
        Path text = Files.writeString(folder.resolve("a.pt"), "no archive");
        assertThat(run("text", text)).isEqualTo(2);
        assertThat(run("../up", OWN.resolve("classifier-traced.pt"))).isEqualTo(2);
        Files.createDirectory(folder.resolve("there"));
        assertThat(run("there", OWN.resolve("classifier-traced.pt"))).isEqualTo(2);
        assertThat(err.toString()).contains("exists already");
        assertThat(folder.resolve("there")).isEmptyDirectory();
    }

    @Test
    void aPreviewShowsWhatTheModelFinds() throws IOException {
        Path nuclei = Path.of("src/main/resources/models/nuclei-unet-gn/1/model.pt");
        Path picture = folder.resolve("preview.png");
        Path sample = Path.of("src/main/resources/samples/nuclei/fluorescence-256.png");

        assertThat(run(
                        "seen",
                        nuclei,
                        "--labels",
                        "a,b",
                        "--preview",
                        picture.toString(),
                        "--image",
                        sample.toString()))
                .as(err.toString())
                .isZero();

        BufferedImage drawn = ImageIO.read(picture.toFile());
        assertThat(drawn.getWidth()).isEqualTo(256);
        assertThat(out.toString()).contains("picture: " + picture);

        Path text = Files.writeString(folder.resolve("a.png"), "no image");
        assertThat(run(
                        "unseen",
                        nuclei,
                        "--labels",
                        "a,b",
                        "--preview",
                        picture.toString(),
                        "--image",
                        text.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("nothing is written. The model cannot be drawn");
        assertThat(folder.resolve("unseen")).doesNotExist();

        Path classifier = OWN.resolve("classifier-traced.pt");
        assertThat(run("vector", classifier, "--task", "embedding", "--preview", picture.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).contains("results of the task embedding are not drawn");
        assertThat(run("alone", classifier, "--task", "embedding", "--image", sample.toString()))
                .isEqualTo(2);
    }

    private ModelManifest made(String name, Path archive, String... more) throws IOException {
        assertThat(run(name, archive, more)).as(err.toString()).isZero();
        return ManifestReader.read(
                "model.yaml", Files.readString(folder.resolve(name).resolve("model.yaml")));
    }

    private int run(String name, Path archive, String... more) {
        List<String> arguments =
                new ArrayList<>(List.of("new", name, "--from", archive.toString(), "--models-dir", folder.toString()));
        arguments.addAll(List.of(more));
        return GnserveCommand.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err, true))
                .execute(arguments.toArray(String[]::new));
    }
}
