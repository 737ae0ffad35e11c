package dev.gnserve.model;

import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Resize;
import dev.gnserve.model.BoxSpec.Form;
import dev.gnserve.model.NamedInputs.NamedInput;
import dev.gnserve.model.OutputSpec.Decoder;
import dev.gnserve.model.UndecidedFormException.Choice;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A proposal for the manifest of an archive, found in the archive and by trial passes over noise and sample images. It is made only
 * if one form fits the outputs and what is asked for: nothing is guessed.
 *
 * @param task of the manifest
 * @param labels one name per class of the outputs
 * @param input the input of the archive, if it is an image
 * @param inputs all inputs in words, if their shapes were said
 * @param frames of a clip; 0 if the input is none
 * @param declaration the lines of the manifest that declare these inputs; empty if it needs none
 * @param decoder of the manifest, in lower case
 * @param meaning of the outputs, in words
 * @param output the section of the manifest; empty if it needs none
 * @param outputs the outputs of a trial pass, without the batch axis: {@code output FP32 [2, 96, 96]: values -1.2 to 3.4}
 * @param unused names of the outputs that are not read
 */
public record ModelProposal(
        Task task,
        List<String> labels,
        ArchiveInput input,
        List<String> inputs,
        int frames,
        String declaration,
        String decoder,
        String meaning,
        String output,
        List<String> outputs,
        List<String> unused) {

    public ModelProposal {
        unused = List.copyOf(unused);
        labels = List.copyOf(labels);
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /**
     * What is asked for.
     *
     * @param task or null for any
     * @param decoder or null for any
     * @param boxes the form of boxes, or null for any
     * @param firstLabel the number of the first label where the outputs are label numbers, or null for any
     * @param labels names, or an empty list
     * @param shapes of the inputs, or an empty list
     * @param like families, or an empty list for any form
     * @param output the one of several outputs that is read, or null for any form
     * @param heads the outputs of a classifier with several, with their labels; empty for any form
     */
    public record Wish(
            @Nullable Task task,
            @Nullable Decoder decoder,
            @Nullable Form boxes,
            @Nullable Integer firstLabel,
            List<String> labels,
            List<StatedShape> shapes,
            List<Like> like,
            @Nullable String output,
            Map<String, List<String>> heads) {

        public Wish {
            labels = List.copyOf(labels);
            shapes = List.copyOf(shapes);
            like = List.copyOf(like);
        }

        /** Whether values and wishes together show a form. */
        private boolean decidesFor(OutputForm form) {
            if (!form.heads().isEmpty()) {
                return !heads.isEmpty()
                        && heads.entrySet().stream()
                                .allMatch(
                                        head -> Integer.valueOf(head.getValue().size())
                                                .equals(form.heads().get(head.getKey())));
            }
            return form.isShownWith(task, decoder) || like.stream().anyMatch(family -> family.means(form));
        }

        /** Whether one or some of the outputs are chosen by name. */
        boolean names() {
            return output != null || !heads.isEmpty();
        }

        /** Whether a form that only a name chooses is chosen. */
        private boolean chooses(OutputForm form) {
            return names() || (form.like() != null && like.contains(form.like()));
        }

        /** Whether outputs have to be more than tensors. */
        private boolean asksForMeaning() {
            boolean tensors = task == Task.TENSORS || decoder == Decoder.TENSORS;
            return !tensors && (task != null || decoder != null || !like.isEmpty() || names() || hasNames());
        }

        /** Whether labels are given, so that their number tells forms apart. */
        private boolean hasNames() {
            return !labels.isEmpty() || !heads.isEmpty();
        }

        private boolean allows(OutputForm form) {
            return (output == null || output.equals(form.output()))
                    && (heads.isEmpty() || !form.heads().isEmpty())
                    && (task == null || task == form.task())
                    && (decoder == null || decoder == form.decoder())
                    && (boxes == null || boxes == form.boxes().form())
                    && (firstLabel == null || firstLabel.equals(form.firstLabel()))
                    && (like.isEmpty() || like.stream().anyMatch(family -> family.means(form)));
        }
    }

    /**
     * Reads an archive and runs trial passes.
     *
     * @param progress receives a sentence after each slow pass
     * @throws FailureException ENGINE_FAULT with the engine's last message if no trial input runs
     * @throws dev.gnserve.archive.TorchScriptException if the archive takes other inputs
     * @throws UndecidedFormException if not exactly one form fits
     */
    public static ModelProposal of(
            TorchScriptArchive archive, BackendModel model, Wish wish, Consumer<String> progress) {
        ProgramInput program = ProgramInput.of(archive);
        StatedInputs stated = wish.shapes().isEmpty() ? null : StatedInputs.of(archive, model, wish.shapes());
        boolean tensors = wish.task() == Task.TENSORS || wish.decoder() == Decoder.TENSORS;
        TensorShape picture = stated == null ? null : stated.picture();
        TensorShape clip = tensors ? null : clip(program, stated, wish);
        ModelProposal ofClips = clip == null ? null : ofClips(clip, stated, model.newSession(), wish);
        if (ofClips != null) {
            return ofClips;
        }
        NamedInput image =
                stated == null || program != null || !wish.asksForMeaning() ? null : stated.imageAmongOthers();
        if (stated != null && image != null) {
            return ofImageAndTensors(image, stated, model.newSession(), wish);
        }
        if (stated != null && program == null && (picture == null || tensors)) {
            return tensors(stated, wish);
        } else if (program == null && stated == null) {
            StatedInputs.requireOnlyArgument(archive.forward());
        }
        ArchiveInput.Trial trial = ArchiveInput.trial(
                archive,
                model,
                picture,
                stated == null ? Integer.MAX_VALUE : stated.mostAtOnce(),
                new TrialTime(picture != null, progress));
        String batching = stated == null || picture == null ? "" : stated.batching();
        // Where inputs or outputs do not begin with the batch, a request is one pass of tensors.
        if (program != null && (!program.takesImages() || program.named() != null)) {
            return tensors(program, trial, wish);
        }
        OutputForms forms = new OutputForms(
                trial.showsAll() ? predictions(trial, model) : List.of(trial.prediction()), wish.decoder());
        return tensors
                ? made(OutputForm.tensors(), wish, trial.input(), forms, batching)
                : decided(forms, wish, trial, batching);
    }

    /** The only form that fits the outputs for images. */
    private static ModelProposal decided(OutputForms forms, Wish wish, ArchiveInput.Trial trial, String declaration) {
        if (trial.hasChannelsLast()) {
            throw undecided(List.of(), channelsLast(trial), wish, forms);
        }
        List<OutputForm> together = wish.names() ? List.of() : forms.fitting();
        boolean several = together.isEmpty();
        List<OutputForm> decoded = several ? forms.ofOneOutput() : together;
        List<OutputForm> fitting = trial.showsAll()
                ? decoded
                : decoded.stream().filter(form -> !form.needsWholeMap()).toList();
        if (fitting.size() < decoded.size() && fitting.isEmpty()) {
            throw undecided(fitting, partOnly(trial), wish, forms);
        }
        return chosen(fitting, several, forms, wish, trial, declaration);
    }

    /** The tensors beside the image stay as they are while the image changes. */
    private static ModelProposal ofImageAndTensors(
            NamedInput image, StatedInputs stated, BackendSession session, Wish wish) {
        TensorShape shape = image.shapes().get(0);
        Resize.Size size = new Resize.Size(shape.size(2), shape.size(1));
        List<Prediction> predictions = new ArrayList<>(List.of(stated.prediction()));
        for (Tensor sample : SampleInputs.of(shape.size(0), size.height(), size.width())) {
            predictions.add(session.run(List.of(stated.with(image, sample)))
                    .predictions()
                    .get(0));
        }
        ArchiveInput.Trial trial =
                new ArchiveInput.Trial(ArchiveInput.only(shape.size(0), size, 0), predictions.get(0), shape);
        return decided(new OutputForms(predictions, wish.decoder()), wish, trial, stated.manifest(image))
                .with(stated.describe(), 0);
    }

    /** The only form that fits, or the choices. */
    private static ModelProposal chosen(
            List<OutputForm> fitting,
            boolean several,
            OutputForms forms,
            Wish wish,
            ArchiveInput.Trial trial,
            String batching) {
        List<OutputForm> left = fitting.stream()
                .filter(wish::allows)
                .filter(wish::decidesFor)
                .filter(form -> form.takes(wish.labels().size()))
                .filter(form -> !several || wish.chooses(form))
                .map(form -> wish.heads().isEmpty()
                        ? form
                        : form.reading(List.copyOf(wish.heads().keySet())))
                .toList();
        if (left.size() == 1) {
            return made(left.get(0), wish, trial.input(), forms, batching);
        }
        List<OutputForm> allowed = fitting.stream().filter(wish::allows).toList();
        if (!wish.like().isEmpty() && allowed.isEmpty()) {
            throw undecided(
                    fitting,
                    "The outputs are not those of "
                            + (wish.like().size() == 1
                                    ? wish.like().get(0).toString()
                                    : OutputForm.lower(wish.like().get(0).decoder()))
                            + ": shapes or values contradict it.",
                    wish,
                    forms);
        }
        List<OutputForm> open = !left.isEmpty() || !wish.hasNames() || (several && !wish.names())
                ? left
                : allowed.stream()
                        .filter(form -> form.takes(wish.labels().size()))
                        .toList();
        List<OutputForm> choices = open.size() > 1 ? open : !allowed.isEmpty() ? allowed : fitting;
        throw undecided(choices, Verdict.of(trial.prediction(), fitting, allowed, open, wish), wish, forms);
    }

    private static String channelsLast(ArchiveInput.Trial trial) {
        return "The output %s for an input of %s has its channels last. gnserve reads [N, channels, height, width]: end forward in"
                        .formatted(OutputSpec.usualLogits(trial.prediction()).shape(), trial.shape())
                + " .permute(0, 3, 1, 2), or serve the tensors.";
    }

    /** The item's shape if it is a clip: [3, frames, height, width], or with another first size if labels of clips are asked for. */
    private static @Nullable TensorShape clip(
            @Nullable ProgramInput program, @Nullable StatedInputs stated, Wish wish) {
        TensorShape shape = stated != null
                ? stated.onlyItem()
                : program != null && program.named() == null
                        ? program.shapes().get(0).get(0)
                        : null;
        boolean volume = shape != null && shape.size(0) != 3 && wish.task() != Task.CLASSIFICATION;
        return shape == null || shape.rank() != 4 || volume ? null : shape;
    }

    /** Null if the outputs are no labels. */
    private static @Nullable ModelProposal ofClips(
            TensorShape clip, @Nullable StatedInputs stated, BackendSession session, Wish wish) {
        Resize.Size size = new Resize.Size(clip.size(3), clip.size(2));
        List<Tensor> inputs = new ArrayList<>(List.of(WarmUp.input(clip)));
        SampleInputs.of(clip.size(0), size.height(), size.width()).forEach(image -> inputs.add(still(image, clip)));
        List<Prediction> predictions = inputs.stream()
                .map(input -> session.run(List.of(input)).predictions().get(0))
                .toList();
        OutputForms forms = new OutputForms(predictions, wish.decoder());
        List<OutputForm> together = wish.names() ? List.of() : forms.fitting();
        boolean several = together.isEmpty();
        List<OutputForm> labels = (several ? forms.ofOneOutput() : together)
                .stream().filter(form -> form.task() == Task.CLASSIFICATION).toList();
        if (labels.isEmpty()) {
            return null;
        }
        ArchiveInput.Trial trial =
                new ArchiveInput.Trial(ArchiveInput.only(clip.size(0), size, 0), predictions.get(0), null);
        String batching = stated == null ? "" : stated.batching();
        return chosen(labels, several, forms, wish, trial, batching).with(List.of(), clip.size(1));
    }

    /** A clip that shows one image all the time. */
    private static Tensor still(FloatTensor image, TensorShape clip) {
        int frames = clip.size(1);
        int plane = clip.size(2) * clip.size(3);
        float[] values = new float[clip.elements()];
        for (int i = 0; i < clip.size(0) * frames; i++) {
            System.arraycopy(image.values(), i / frames * plane, values, i * plane, plane);
        }
        return new FloatTensor(clip, values);
    }

    private ModelProposal with(List<String> said, int count) {
        return new ModelProposal(
                task, labels, input, said, count, declaration, decoder, meaning, output, outputs, unused);
    }

    private static String partOnly(ArchiveInput.Trial trial) {
        TensorShape input = Objects.requireNonNull(trial.shape());
        TensorShape map = OutputSpec.usualLogits(trial.prediction()).shape();
        return ("The maps of %d x %d pixels (width x height) for an input of %d x %d pixels do not show the whole input: their sides must"
                        + " divide those of the input. Export the network with padded convolutions, or serve the tensors.")
                .formatted(map.size(2), map.size(1), input.size(2), input.size(1));
    }

    private static ModelProposal tensors(ProgramInput program, ArchiveInput.Trial trial, Wish wish) {
        OutputForms forms = new OutputForms(List.of(trial.prediction()));
        if (wish.allows(OutputForm.tensors())) {
            return made(OutputForm.tensors(), wish, trial.input(), forms, "");
        }
        throw undecided(
                List.of(),
                "The program takes " + program
                        + ", which is no batch of images with 1 to 64 channels, or its outputs do not begin with the batch.",
                wish,
                forms);
    }

    private static ModelProposal tensors(StatedInputs stated, Wish wish) {
        OutputForms forms = new OutputForms(List.of(stated.prediction()));
        if (!wish.allows(OutputForm.tensors())) {
            throw undecided(
                    List.of(),
                    "The archive takes " + String.join(", ", stated.describe())
                            + ", which is no batch of single images."
                            + (stated.inputs().inputs().size() > 1
                                    ? " Beside other tensors, allowed is one image of fp32, [channels, height, width], in a batch."
                                    : ""),
                    wish,
                    forms);
        }
        return made(OutputForm.tensors(), wish, ArchiveInput.USUAL, forms, stated.manifest())
                .with(stated.describe(), 0);
    }

    private static List<Prediction> predictions(ArchiveInput.Trial trial, BackendModel model) {
        ArchiveInput input = trial.input();
        Resize.Size only = input.onlySize();
        int height = only == null ? input.usualSide() : only.height();
        int width = only == null ? height + 2 * input.sizeMultiple() : only.width();
        BackendSession session = model.newSession();
        List<Prediction> predictions = new ArrayList<>();
        predictions.add(trial.prediction());
        for (Tensor sample : SampleInputs.of(input.channels(), height, width)) {
            predictions.add(session.run(List.of(sample)).predictions().get(0));
        }
        return predictions;
    }

    private static ModelProposal made(
            OutputForm form, Wish wish, ArchiveInput input, OutputForms forms, String declaration) {
        List<String> labels = wish.labels();
        String channels = labels.stream().map(label -> '"' + label + '"').collect(Collectors.joining(", ", "[", "]"));
        return new ModelProposal(
                form.task(),
                labels,
                input,
                List.of(),
                0,
                declaration,
                OutputForm.lower(form.decoder()),
                form.meaning(),
                form.manifest(channels, wish.heads()),
                forms.evidence(),
                forms.unused(form));
    }

    private static UndecidedFormException undecided(
            List<OutputForm> forms, String verdict, Wish wish, OutputForms outputs) {
        String found = "The archive returns for noise and for sample images:\n  "
                + String.join("\n  ", outputs.evidence()) + "\n";
        List<Choice> choices = new ArrayList<>();
        for (OutputForm form : forms) {
            choices.add(new Choice(form.options(labels(form, wish.labels())), form.meaning()));
        }
        choices.add(new Choice("--task tensors", OutputForm.tensors().meaning()));
        return new UndecidedFormException(found + verdict, choices);
    }

    private static List<String> labels(OutputForm form, List<String> given) {
        return form.takes(given.size())
                ? given
                : IntStream.rangeClosed(1, Math.max(1, form.labels()))
                        .mapToObj(i -> "class" + i)
                        .toList();
    }
}
