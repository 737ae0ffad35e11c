package dev.gnserve.model;

import static java.lang.System.Logger.Level.DEBUG;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Resize;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The input that an archive takes, found in its parameters and by trial passes.
 *
 * @param channels channels of an image
 * @param sizeMultiple both sides must be multiples of this
 * @param fixedSize side of the only square input that runs; 0 if other sizes run
 * @param logits number of output channels per pixel or image; 0 if unknown
 * @param onlySize the only size that runs, square or not; null if other sizes run
 * @param mostSide longest side that runs, as far as the archive says
 */
public record ArchiveInput(
        int channels, int sizeMultiple, int fixedSize, int logits, Resize.@Nullable Size onlySize, int mostSide) {

    /** If nothing is known about the archive. */
    static final ArchiveInput USUAL = new ArchiveInput(3, 1, 0, 0);

    private static final System.Logger LOG = System.getLogger(ArchiveInput.class.getName());

    /** Networks halve their input up to six times. */
    private static final int LARGEST_MULTIPLE = 64;

    /** Patches of vision transformers, and windows of them. */
    private static final List<Integer> PATCHES = List.of(14, 28);

    /** A first convolution with more channels is none of the input. */
    private static final int MOST_CHANNELS = 16;

    /** Trial sides are about this long, and odd multiples: with them a model that needs a larger multiple fails. */
    private static final int FREE_SIDE = 160;

    private static final List<Integer> USUAL_FIXED_SIDES =
            List.of(224, 256, 32, 64, 96, 128, 299, 320, 336, 384, 416, 448, 480, 512, 518, 560, 640, 768, 800, 1024);

    /** For square inputs of one size, or for any size that is a multiple. */
    ArchiveInput(int channels, int sizeMultiple, int fixedSize, int logits) {
        this(
                channels,
                sizeMultiple,
                fixedSize,
                logits,
                fixedSize > 0 ? new Resize.Size(fixedSize, fixedSize) : null,
                fixedSize > 0 ? fixedSize : Integer.MAX_VALUE);
    }

    /** For one size only. */
    static ArchiveInput only(int channels, Resize.Size size, int logits) {
        boolean square = size.width() == size.height();
        return new ArchiveInput(
                channels, 1, square ? size.width() : 0, logits, size, Math.max(size.width(), size.height()));
    }

    /**
     * The first trial that ran, and its prediction for one image.
     *
     * @param shape of the image, [channels, height, width]; null for other inputs
     */
    record Trial(
            ArchiveInput input,
            Prediction prediction,
            @Nullable TensorShape shape) {

        /** Whether the usual output, if it is a picture, shows the whole image at its size or at whole fractions of it. */
        boolean showsAll() {
            return shape == null || fits(prediction, shape.size(1), shape.size(2));
        }

        /** Whether the usual output is a picture whose channels are last. */
        boolean hasChannelsLast() {
            return shape != null && ArchiveInput.hasChannelsLast(prediction, shape.size(1), shape.size(2));
        }
    }

    /**
     * What an archive says, or else what trial passes show. If they fail, the result is the usual input; loading the model then reports
     * why.
     *
     * @param scope registers the trial passes
     */
    static ArchiveInput of(EngineScope scope, ArchiveSnapshot archive) {
        ProgramInput program = ProgramInput.of(archive);
        if (program != null) {
            return program.images();
        }
        try (BackendModel model = scope.load(archive, BackendPlan.CPU)) {
            return trial(archive.torchScript(), model).input();
        } catch (TorchScriptException | FailureException e) {
            LOG.log(DEBUG, () -> "the input of " + archive.name() + " cannot be found out", e);
            return USUAL;
        }
    }

    /**
     * Runs an archive with one input after another until one fits.
     *
     * @throws FailureException ENGINE_FAULT with the engine's last message if none fits
     */
    private static Trial trial(TorchScriptArchive archive, BackendModel model) {
        return trial(archive, model, null, Integer.MAX_VALUE, new TrialTime(false, progress -> {}));
    }

    /**
     * As {@link #trial(TorchScriptArchive, BackendModel)}, with a picture's shape that is known to run.
     *
     * @param picture [channels, height, width]; null if none is known
     * @param mostAtOnce the largest batch, as far as known
     * @param time bounds the passes
     */
    static Trial trial(
            TorchScriptArchive archive,
            BackendModel model,
            @Nullable TensorShape picture,
            int mostAtOnce,
            TrialTime time) {
        BackendSession session = model.newSession();
        ProgramInput program = ProgramInput.of(archive);
        if (program != null) {
            TensorShape shape = program.shapes().get(0).get(0);
            return new Trial(
                    program.images(),
                    run(session, program),
                    program.named() == null && shape.rank() == 3 ? shape : null);
        }
        FailureException refusal = null;
        boolean leftOut = false;
        int likely = picture == null ? channels(archive) : picture.size(0);
        for (ArchiveInput tried : picture == null ? candidates(likely) : candidates(picture)) {
            Resize.Size only = tried.onlySize;
            int height = only == null ? tried.usualSide() : only.height();
            // An odd multiple, like the height.
            int width = only == null ? height + 2 * tried.sizeMultiple : only.width();
            TensorShape shape = TensorShape.of(tried.channels, height, width);
            if (!Objects.equals(shape, picture) && !time.allows(shape)) {
                leftOut = true;
                continue;
            }
            long start = System.nanoTime();
            try {
                Prediction prediction = run(session, WarmUp.input(shape), mostAtOnce);
                if (only != null || fits(prediction, height, width) || hasChannelsLast(prediction, height, width)) {
                    return new Trial(tried.withLogits(OutputSpec.usualLogits(prediction)), prediction, shape);
                }
            } catch (FailureException e) {
                refusal = tried.channels == likely ? e : refusal;
            } finally {
                time.add(shape, start);
            }
        }
        if (leftOut) {
            throw new FailureException(FailureCode.ENGINE_FAULT, time.leftOut(), refusal);
        }
        throw explained(archive, Objects.requireNonNull(refusal, "a fixed size runs or fails"));
    }

    /** Says what was tried before the engine's message. A refusal without an engine's message is about the outputs: it stays. */
    private static FailureException explained(TorchScriptArchive archive, FailureException refusal) {
        if (refusal.failure().cause() == null) {
            return refusal;
        }
        String volumes = archive.parameters().stream()
                .map(parameter -> parameter.tensor().shape())
                .filter(shape -> shape.size() == 5)
                .findFirst()
                .map(shape ->
                        " Its convolutions take clips or volumes [%d, depth, height, width].".formatted(shape.get(1)))
                .orElse("");
        return new FailureException(
                FailureCode.ENGINE_FAULT,
                "the archive takes no images of a usual shape: 1 or 3 channels, or those of its first layer, and sides of 32 to 1024."
                        + volumes + " The last trial: " + refusal.failure().detail(),
                refusal);
    }

    /** Small multiples first, then fixed sizes; then the same with gray instead of colour, or colour instead of gray. */
    private static List<ArchiveInput> candidates(int likely) {
        List<ArchiveInput> all = new ArrayList<>();
        for (int channels : likely == 1 || likely == 3 ? new int[] {likely, 4 - likely} : new int[] {likely, 3, 1}) {
            for (int multiple = 1; multiple <= LARGEST_MULTIPLE; multiple *= 2) {
                all.add(new ArchiveInput(channels, multiple, 0, 0));
            }
            PATCHES.forEach(multiple -> all.add(new ArchiveInput(channels, multiple, 0, 0)));
            USUAL_FIXED_SIDES.forEach(side -> all.add(new ArchiveInput(channels, 1, side, 0)));
        }
        return all;
    }

    /** Any size of these channels, else this size only. */
    private static List<ArchiveInput> candidates(TensorShape picture) {
        List<ArchiveInput> all = new ArrayList<>();
        for (int multiple = 1; multiple <= LARGEST_MULTIPLE; multiple *= 2) {
            all.add(new ArchiveInput(picture.size(0), multiple, 0, 0));
        }
        PATCHES.forEach(multiple -> all.add(new ArchiveInput(picture.size(0), multiple, 0, 0)));
        all.add(only(picture.size(0), new Resize.Size(picture.size(2), picture.size(1)), 0));
        return all;
    }

    private ArchiveInput withLogits(Tensor output) {
        int rank = output.shape().rank();
        return new ArchiveInput(
                channels,
                sizeMultiple,
                fixedSize,
                rank == 1 || rank == 3 ? output.shape().size(0) : 0,
                onlySize,
                mostSide);
    }

    /** The side of a square image that runs. Where sides are free, one that is longer by two multiples runs, too. */
    public int usualSide() {
        int room = Math.min(FREE_SIDE, mostSide - 3 * sizeMultiple);
        return fixedSize > 0 ? fixedSize : (Math.max(1, room / sizeMultiple) | 1) * sizeMultiple;
    }

    /**
     * The input channels of the first convolution with 1 or 3 of them; an archive usually lists its first layer first. If no convolution
     * has so few, those of the first one.
     */
    private static int channels(TorchScriptArchive archive) {
        List<Integer> all = archive.parameters().stream()
                .map(parameter -> parameter.tensor().shape())
                .filter(shape -> shape.size() == 4)
                .map(shape -> Math.toIntExact(shape.get(1)))
                .toList();
        return all.stream()
                .filter(channels -> channels == 1 || channels == 3)
                .findFirst()
                .orElse(all.isEmpty() || all.get(0) > MOST_CHANNELS ? 3 : all.get(0));
    }

    /** One input: a batch of two may be more than the program takes. */
    private static Prediction run(BackendSession session, ProgramInput program) {
        NamedInputs named = program.named();
        ModelInput input = named == null
                ? WarmUp.input(program.type(), program.shapes().get(0).get(0))
                : named.noise().get(0);
        return session.run(List.of(input)).predictions().get(0);
    }

    private static Prediction run(BackendSession session, Tensor noise, int mostAtOnce) {
        // Two images, to find out whether the outputs have a batch axis.
        return session.run(Collections.nCopies(Math.min(2, mostAtOnce), noise))
                .predictions()
                .get(0);
    }

    /** Whether an output picture divides the sides of the input; true if the output is no picture. */
    private static boolean fits(Prediction prediction, int height, int width) {
        TensorShape shape = OutputSpec.usualLogits(prediction).shape();
        return shape.rank() != 3 || (shape.elements() > 0 && height % shape.size(1) == 0 && width % shape.size(2) == 0);
    }

    /** Whether an output picture divides the sides of the input, both alike, only if its channels are last. */
    static boolean hasChannelsLast(Prediction prediction, int height, int width) {
        TensorShape shape = OutputSpec.usualLogits(prediction).shape();
        return shape.rank() == 3
                && shape.elements() > 0
                && isScaled(shape.size(0), shape.size(1), height, width)
                && !isScaled(shape.size(1), shape.size(2), height, width);
    }

    private static boolean isScaled(int rows, int columns, int height, int width) {
        return height % rows == 0 && width % columns == 0 && height / rows == width / columns;
    }
}
