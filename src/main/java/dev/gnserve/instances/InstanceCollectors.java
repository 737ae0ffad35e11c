package dev.gnserve.instances;

import dev.gnserve.image.PreparedImage;
import dev.gnserve.model.CellposeSpec;
import dev.gnserve.model.HoverNetSpec;
import dev.gnserve.model.InstanceSpec;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.StarDistSpec;
import dev.gnserve.pipeline.TileCollector;
import org.jspecify.annotations.Nullable;

/** Chooses the decoder of a model's instances. */
public final class InstanceCollectors {

    private InstanceCollectors() {}

    /**
     * A collector for one image; its result has the size of the upright image.
     *
     * @param threshold of the request, 0 to 1, or null for that of the model
     */
    public static TileCollector<Instances> of(
            InstanceSpec spec, ModelManifest manifest, PreparedImage prepared, @Nullable Float threshold) {
        if (spec instanceof StarDistSpec stardist) {
            return new StarDistCollector(stardist, prepared, threshold == null ? stardist.probability() : threshold);
        }
        if (spec instanceof CellposeSpec cellpose) {
            float logit =
                    threshold == null ? cellpose.cellThreshold() : (float) Math.log(threshold / (1.0 - threshold));
            return new CellposeCollector(cellpose, prepared, logit);
        }
        float mask = threshold == null ? manifest.thresholds().mask() : threshold;
        return new HoverNetCollector((HoverNetSpec) spec, manifest.output().channels(), prepared, mask);
    }
}
