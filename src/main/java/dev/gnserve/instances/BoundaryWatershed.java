package dev.gnserve.instances;

import dev.gnserve.image.Cancellation;
import dev.gnserve.model.WatershedSpec;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * Separates the objects of a volume by the boundaries between them, as PlantSeg's {@code dt_watershed} does (Wolny et al. 2020; Beier et
 * al. 2017): seeds are the maxima of the smoothed distance to boundaries, and a relief of boundaries and distances is flooded from them.
 * Voxels are neighbours through their faces, and in a seed also through edges and corners. Thread-safe.
 */
public final class BoundaryWatershed {

    private final WatershedSpec spec;
    private final Cancellation cancellation;

    /** @param cancellation asked again and again */
    public BoundaryWatershed(WatershedSpec spec, Cancellation cancellation) {
        this.spec = spec;
        this.cancellation = cancellation;
    }

    /**
     * The number of the object of each voxel: 1 or more, or 0 for none. A volume in which no voxel is on a boundary is one object; one in
     * which every voxel is on a boundary has none.
     *
     * @param boundary probabilities of boundaries, float32 [planes, rows, columns]; kept as they are
     * @param inside the voxels that objects may have; null for all
     * @param sizes planes, rows and columns
     */
    public int[] find(float[] boundary, @Nullable BitSet inside, int[] sizes) {
        if (!spec.planes()) {
            return inVolume(boundary, inside, sizes);
        }
        int[] ids = new int[boundary.length];
        int plane = sizes[1] * sizes[2];
        int count = 0;
        for (int from = 0; from < ids.length; from += plane) {
            int[] own = inVolume(
                    Arrays.copyOfRange(boundary, from, from + plane),
                    inside == null ? null : inside.get(from, from + plane),
                    new int[] {1, sizes[1], sizes[2]});
            int most = 0;
            for (int i = 0; i < plane; i++) {
                ids[from + i] = own[i] == 0 ? 0 : own[i] + count;
                most = Math.max(most, own[i]);
            }
            count += most;
        }
        return ids;
    }

    private int[] inVolume(float[] boundary, @Nullable BitSet inside, int[] sizes) {
        int[] ids = new int[boundary.length];
        float[] distances = Distances.to(boundary, spec.threshold(), sizes, pitch());
        if (distances == null) {
            Arrays.fill(ids, 1);
        } else {
            flood(boundary, inside, distances, ids, sizes);
        }
        for (int i = 0; inside != null && i < ids.length; i++) {
            ids[i] = inside.get(i) ? ids[i] : 0;
        }
        return ids;
    }

    private double[] pitch() {
        return spec.pitch().stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** @param distances become the relief */
    private void flood(float[] boundary, @Nullable BitSet inside, float[] distances, int[] ids, int[] sizes) {
        for (int i = 0; inside != null && i < ids.length; i++) {
            distances[i] = inside.get(i) ? distances[i] : 0;
        }
        Smoothing.gaussian(distances, sizes, spec.seedSigma(), cancellation);
        Maxima maxima = new Maxima(distances, sizes, ids);
        int seeds = maxima.number();
        if (seeds == 0) {
            return;
        }
        cancellation.throwIfCancelled();
        toRelief(distances, maxima.least(), maxima.greatest(), boundary, sizes);
        Watershed.flood(distances, ids, sizes[1], sizes[2], cancellation);
        cancellation.throwIfCancelled();
        if (withoutSmall(ids, seeds)) {
            Watershed.flood(distances, ids, sizes[1], sizes[2], cancellation);
        }
    }

    /** High at boundaries, low far from them. In single precision, as the reference computes it. */
    private void toRelief(float[] distances, float least, float greatest, float[] boundary, int[] sizes) {
        float[] smoothed = boundary;
        if (spec.boundarySigma() > 0) {
            smoothed = boundary.clone();
            Smoothing.gaussian(smoothed, sizes, spec.boundarySigma(), cancellation);
        }
        float rest = (float) (1 - (double) spec.alpha());
        for (int i = 0; i < distances.length; i++) {
            distances[i] = spec.alpha() * smoothed[i] + rest * (1 - (distances[i] - least) / greatest);
        }
    }

    /** Takes the numbers of small objects away; whether there are such, and others for their voxels. */
    private boolean withoutSmall(int[] ids, int count) {
        int[] voxels = new int[count + 1];
        for (int id : ids) {
            voxels[id]++;
        }
        boolean small = false;
        boolean others = false;
        for (int id = 1; id <= count; id++) {
            small |= voxels[id] < spec.minimumArea();
            others |= voxels[id] >= spec.minimumArea();
        }
        for (int i = 0; small && i < ids.length; i++) {
            ids[i] = voxels[ids[i]] < spec.minimumArea() ? 0 : ids[i];
        }
        return small && others;
    }
}
