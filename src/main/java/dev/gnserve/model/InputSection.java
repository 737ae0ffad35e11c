package dev.gnserve.model;

import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Normalization;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Resize;
import dev.gnserve.image.SampleRange;
import dev.gnserve.image.SampleRange.Kind;
import dev.gnserve.image.Tiling;
import dev.gnserve.model.ManifestReader.Archive;
import dev.gnserve.model.OutputSpec.Decoder;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The section {@code input} of {@code model.yaml}, with the defaults that depend on the archive or on other fields. */
final class InputSection {

    /** Most networks halve their input four times or less; fewer sizes make fuller batches. */
    private static final int USUAL_MULTIPLE = 16;

    private static final int USUAL_TILE = 512;

    private InputSection() {}

    /**
     * Reads it.
     *
     * @throws InvalidManifestException naming line, field, value and what is allowed
     * @throws IOException if the archive cannot be read
     */
    static InputSpec read(ManifestTree tree, Task task, Archive archive) throws IOException {
        boolean said = tree.has("/input/colour") || tree.has("/input/channels");
        boolean volumes = VolumeSection.isGiven(tree);
        boolean clips = tree.gives("/input/clip");
        ImageParameters parameters = ParameterSection.read(tree, task, archive.program(), volumes || clips);
        // Trial passes give one tensor only.
        boolean complete =
                task == Task.TENSORS || volumes || parameters != null || (said && tree.has("/input/sizeMultiple"));
        ArchiveInput found = volumes || clips || parameters != null || (complete && archive.program() == null)
                ? ArchiveInput.USUAL
                : archive.input();
        ChannelOrder colour = volumes && !said ? ChannelOrder.GRAY : channels(tree, found);
        Resize.Size size = task == Task.TENSORS ? null : found.onlySize();
        Resize only = size == null ? new Resize.None() : new Resize.Stretch(size.width(), size.height());
        Resize resize = tree.has("/input/resize") ? resize(tree) : only;
        int step = found.sizeMultiple();
        boolean resizes = task == Task.DETECTION && archive.resizes();
        int usual = size != null || resizes ? 1 : (USUAL_MULTIPLE + step - 1) / step * step;
        int multiple =
                tree.get("/input/sizeMultiple", Integer.class, task == Task.TENSORS || volumes || clips ? 1 : usual);
        Padding padding = new Padding(multiple, tree.get("/input/padding", Padding.Mode.class), 0);
        // One result for the whole, or a size that was chosen, here or in the archive: no reason to cut.
        // Queries show the objects of a whole image.
        boolean queries = OutputSection.isQueries(tree.get("/output/decoder", Decoder.class, Decoder.TENSORS));
        // The values of a map often depend on the whole image.
        boolean one = task == Task.CLASSIFICATION || task == Task.EMBEDDING || task == Task.REGRESSION;
        boolean whole = volumes || queries || one || !(resize instanceof Resize.None) || resizes;
        Tiling tiling = whole && !tree.has("/input/tile") ? null : tiling(tree, multiple, found.mostSide(), size);
        SampleRange range = range(tree);
        Normalization normalization = normalization(tree, colour.channels());
        VolumeSpec volume = VolumeSection.read(tree, task, colour.channels());
        ClipSpec clip = clips ? clip(tree, task) : null;
        return tree.make(
                "/input",
                () -> new InputSpec(colour, range, resize, padding, tiling, normalization, volume, clip, parameters));
    }

    private static ClipSpec clip(ManifestTree tree, Task task) {
        return tree.make("/input/clip", () -> {
            if (task != Task.CLASSIFICATION) {
                throw new IllegalArgumentException("is given with task " + task.label()
                        + "; allowed is classification. For other networks over clips use the task tensors");
            }
            return tree.get("/input/clip", ClipSpec.class);
        });
    }

    private static ChannelOrder channels(ManifestTree tree, ArchiveInput found) {
        if (tree.has("/input/channels")) {
            return tree.make("/input/channels", () -> {
                if (tree.has("/input/colour")) {
                    throw new IllegalArgumentException(
                            "is given beside colour; allowed is colour for gray and RGB, or channels for those that are stored");
                }
                return new ChannelOrder.Stored(tree.get("/input/channels", Integer.class));
            });
        }
        return tree.has("/input/colour")
                ? tree.get("/input/colour", ChannelOrder.Colour.class)
                : usualChannels(found.channels());
    }

    /** Gray or RGB where the archive takes 1 or 3 channels, else those that are stored. */
    private static ChannelOrder usualChannels(int channels) {
        return switch (channels) {
            case 1 -> ChannelOrder.GRAY;
            case 3 -> ChannelOrder.RGB;
            default -> new ChannelOrder.Stored(Math.min(channels, ChannelOrder.Stored.MOST));
        };
    }

    private static Tiling tiling(ManifestTree tree, int multiple, int mostSide, Resize.@Nullable Size only) {
        int usual = Math.max(1, Math.min(USUAL_TILE, mostSide) / multiple) * multiple;
        int size = tree.get("/input/tile/size", Integer.class, usual);
        int overlap = tree.get("/input/tile/overlap", Integer.class, Math.min(64, size / 4));
        boolean shrink = tree.get("/input/tile/shrink", Boolean.class, false);
        return tree.make("/input/tile", () -> {
            if (shrink && only != null) {
                throw new IllegalArgumentException(
                        "shrink is given, but the network runs with inputs of %d x %d only. Leave it out"
                                .formatted(only.width(), only.height()));
            }
            return new Tiling(size, overlap, shrink);
        });
    }

    private static Resize resize(ManifestTree tree) {
        Class<? extends Resize> type = switch (tree.get("/input/resize/mode", String.class)) {
            case "stretch" -> Resize.Stretch.class;
            case "shortest-side" -> Resize.ShortestSide.class;
            case "fit" -> Resize.Fit.class;
            default -> Resize.None.class;
        };
        return tree.get("/input/resize", type);
    }

    private static SampleRange range(ManifestTree tree) {
        String at = "/input/range";
        Kind kind = switch (tree.get(at + "/kind", String.class)) {
            case "min-max" -> Kind.MIN_MAX;
            case "percentile" -> Kind.PERCENTILE;
            case "stored" -> Kind.STORED;
            default -> Kind.FULL;
        };
        if (kind != Kind.PERCENTILE) {
            return new SampleRange(kind, 0, 100);
        }
        float low = tree.get(at + "/low", Float.class);
        float high = tree.get(at + "/high", Float.class);
        return tree.make(at, () -> new SampleRange(kind, low, high));
    }

    private static Normalization normalization(ManifestTree tree, int channels) {
        String at = "/input/normalization";
        if (tree.get(at + "/kind", String.class).equals("percentile")) {
            return tree.get(at, Normalization.Percentile.class);
        }
        float scale = tree.get(at + "/scale", Float.class);
        List<Float> mean = perChannel(tree, at + "/mean", channels, 0);
        List<Float> deviation = perChannel(tree, at + "/standardDeviation", channels, 1);
        return tree.make(at, () -> new Normalization.Fixed(scale, mean, deviation));
    }

    private static List<Float> perChannel(ManifestTree tree, String at, int channels, float usual) {
        if (!tree.has(at)) {
            return Collections.nCopies(channels, usual);
        }
        return tree.make(at, () -> {
            List<Float> values = List.of(tree.get(at, Float[].class));
            if (values.size() != channels) {
                throw new IllegalArgumentException(
                        "has " + values.size() + " values; allowed is one per channel (" + channels + ")");
            }
            return values;
        });
    }
}
