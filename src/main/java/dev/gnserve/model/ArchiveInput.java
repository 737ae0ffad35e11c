package dev.gnserve.model;

import static java.lang.System.Logger.Level.DEBUG;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.EngineScope;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * What an archive takes, and how much it gives, found in its parameters and on trial runs.
 *
 * @param channels of an image
 * @param sizeMultiple the least power of two of which both sides must be multiples
 * @param fixedSize side of the only square input that was found to run, or 0 where sizes are free
 * @param logits how many it gives for a pixel or an image, or 0 where that is not known
 */
public record ArchiveInput(int channels, int sizeMultiple, int fixedSize, int logits) {

    /** Where nothing is known of the archive. */
    static final ArchiveInput USUAL = new ArchiveInput(3, 1, 0, 0);

    private static final System.Logger LOG = System.getLogger(ArchiveInput.class.getName());

    /** Networks halve their input this often at most. */
    private static final int LARGEST_MULTIPLE = 64;

    /** Near this, sides are tried that are odd multiples: what needs a larger multiple fails then. */
    private static final int FREE_SIDE = 160;

    private static final List<Integer> USUAL_FIXED_SIDES =
            List.of(224, 256, 32, 64, 96, 128, 299, 384, 512, 640, 800, 1024);

    /** The first trial that ran, and what it gave for one image. */
    record Trial(ArchiveInput input, Prediction prediction) {}

    /**
     * Looks into an archive and runs it. What cannot be found out is as usual: loading it tells why.
     *
     * @param scope where the trial runs are registered
     */
    public static ArchiveInput of(EngineScope scope, ArchiveSnapshot archive) {
        try (BackendModel model = scope.load(archive, BackendPlan.CPU)) {
            return trial(archive.torchScript(), model).input();
        } catch (TorchScriptException | FailureException e) {
            LOG.log(DEBUG, () -> "what " + archive.name() + " takes cannot be found out", e);
            return USUAL;
        }
    }

    /**
     * Runs an archive until an input fits.
     *
     * @throws FailureException ENGINE_FAULT with the engine's last words if none does
     */
    static Trial trial(TorchScriptArchive archive, BackendModel model) {
        BackendSession session = model.newSession();
        FailureException refusal = null;
        int likely = channels(archive);
        for (ArchiveInput tried : candidates(likely)) {
            int height = tried.usualSide();
            // Of both sides, an odd number of multiples.
            int width = tried.fixedSize > 0 ? height : height + 2 * tried.sizeMultiple;
            try {
                Prediction prediction = run(session, tried.channels, height, width);
                if (tried.fixedSize > 0 || fits(prediction, height, width)) {
                    return new Trial(tried.giving(OutputSpec.usualLogits(prediction)), prediction);
                }
            } catch (FailureException e) {
                refusal = tried.channels == likely ? e : refusal;
            }
        }
        throw Objects.requireNonNull(refusal, "a fixed size runs or is refused");
    }

    /** From the least demanding on; gray instead of colour, or the other way round, when nothing else runs. */
    private static List<ArchiveInput> candidates(int likely) {
        List<ArchiveInput> all = new ArrayList<>();
        for (int channels : new int[] {likely, likely == 1 ? 3 : 1}) {
            for (int multiple = 1; multiple <= LARGEST_MULTIPLE; multiple *= 2) {
                all.add(new ArchiveInput(channels, multiple, 0, 0));
            }
            USUAL_FIXED_SIDES.forEach(side -> all.add(new ArchiveInput(channels, 1, side, 0)));
        }
        return all;
    }

    private ArchiveInput giving(Tensor output) {
        int rank = output.shape().rank();
        return new ArchiveInput(
                channels,
                sizeMultiple,
                fixedSize,
                rank == 1 || rank == 3 ? output.shape().size(0) : 0);
    }

    /** A side that runs. */
    public int usualSide() {
        return fixedSize > 0 ? fixedSize : (FREE_SIDE / sizeMultiple | 1) * sizeMultiple;
    }

    /** Of the first convolution that can be one of an image: as a rule the archive lists what runs first. */
    private static int channels(TorchScriptArchive archive) {
        return archive.parameters().stream()
                .map(parameter -> parameter.tensor().shape())
                .filter(shape -> shape.size() == 4)
                .map(shape -> Math.toIntExact(shape.get(1)))
                .filter(channels -> channels == 1 || channels == 3)
                .findFirst()
                .orElse(3);
    }

    private static Prediction run(BackendSession session, int channels, int height, int width) {
        Tensor noise = WarmUp.input(TensorShape.of(channels, height, width));
        // Two at once: what is no batch axis shows itself.
        return session.run(Collections.nCopies(2, noise)).predictions().get(0);
    }

    /** Whether a picture that comes out covers the one that went in by whole strides. */
    private static boolean fits(Prediction prediction, int height, int width) {
        TensorShape shape = OutputSpec.usualLogits(prediction).shape();
        return shape.rank() != 3 || (shape.elements() > 0 && height % shape.size(1) == 0 && width % shape.size(2) == 0);
    }
}
