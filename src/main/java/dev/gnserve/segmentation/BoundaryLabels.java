package dev.gnserve.segmentation;

import dev.gnserve.image.Cancellation;
import dev.gnserve.instances.BoundaryWatershed;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.model.WatershedSpec;
import dev.gnserve.volume.LabelVoxels;
import dev.gnserve.volume.ObjectGrid;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Separates the objects of a volume by the boundaries between them: the decoder watershed. Not thread-safe. */
final class BoundaryLabels implements VolumeLabels {

    private final WatershedSpec spec;
    private final int[] sizes;
    private final int minimumArea;
    private final float mask;
    private final int boundaryChannel;
    private final int labelChannel;
    private final float[] boundary;

    /** The voxels that objects may have; null if the network does not say it. */
    private final @Nullable BitSet inside;

    /** @param sizes of the model's axes */
    BoundaryLabels(ModelManifest manifest, WatershedSpec spec, VolumeRequest request, int[] sizes) {
        List<String> channels = manifest.output().channels();
        this.spec = spec;
        this.sizes = sizes;
        this.minimumArea = manifest.thresholds().minimumArea();
        this.mask = Objects.requireNonNullElse(
                request.threshold(), manifest.thresholds().mask());
        this.boundaryChannel = channels.indexOf(OutputSpec.BOUNDARY);
        this.labelChannel = channels.indexOf(manifest.labels().get(0));
        this.boundary = new float[sizes[0] * sizes[1] * sizes[2]];
        this.inside = labelChannel < 0 ? null : new BitSet(boundary.length);
    }

    @Override
    public void plane(int number, float[] probabilities) {
        int plane = sizes[1] * sizes[2];
        System.arraycopy(probabilities, boundaryChannel * plane, boundary, number * plane, plane);
        for (int i = 0; inside != null && i < plane; i++) {
            if (probabilities[labelChannel * plane + i] > mask) {
                inside.set(number * plane + i);
            }
        }
    }

    @Override
    public List<LabelVoxels> finish(Cancellation cancellation) {
        int[] ids = new BoundaryWatershed(spec, cancellation).find(boundary, inside, sizes);
        return List.of(ObjectGrid.of(ids, sizes, place -> 1 - Math.max(0, Math.min(1, boundary[place])), minimumArea));
    }
}
