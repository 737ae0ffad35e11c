package dev.gnserve.segmentation;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.model.ClassProbabilities;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.pipeline.VolumeTask;
import dev.gnserve.volume.ArrayFile;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.Geometry;
import dev.gnserve.volume.Volume;
import dev.gnserve.volume.VolumeShape;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes labels and objects of a volume from blended outputs, plane by plane. Not thread-safe. */
final class VolumeSegmenter implements VolumeTask.Collector<VolumeSegmentation> {

    private final ModelManifest manifest;
    private final VolumeRequest request;
    private final VolumeShape shape;
    private final Geometry geometry;
    private final byte[] projection;
    private final AxisOrder.Grid grid;
    private final VolumeLabels labels;

    /** The outputs of all voxels; null unless the request wants them. */
    private final @Nullable ArrayFile outputs;

    VolumeSegmenter(ModelManifest manifest, VolumeRequest request, Volume volume, AxisOrder.Grid grid) {
        this.manifest = manifest;
        this.request = request;
        this.shape = volume.shape();
        this.geometry = volume.geometry();
        this.projection = VolumeSegmentation.projection(volume);
        this.grid = grid;
        this.labels = VolumeLabels.of(manifest, request, shape, grid);
        ArrayFile.Format format = request.file();
        this.outputs = format != null && request.content().isOfOutputs()
                ? new ArrayFile(
                        format,
                        ArrayFile.Type.FLOAT32,
                        manifest.output().channels().size(),
                        shape,
                        geometry)
                : null;
    }

    @Override
    public void plane(int number, float[] values) {
        OutputSpec spec = manifest.output();
        String name = spec.name() == null ? "output" : spec.name();
        int channels = spec.channels().size();
        Tensor blended = Tensor.of(values, channels, grid.sizes()[1], grid.sizes()[2]);
        PlanarImage probabilities = ClassProbabilities.of(new Prediction(Map.of(name, blended)), spec);
        labels.plane(number, probabilities.values());
        if (outputs != null) {
            boolean logits = request.content() == VolumeRequest.Content.LOGITS;
            put(outputs, number, logits ? spec.stepped(blended).floats() : probabilities.values());
        }
    }

    private void put(ArrayFile file, int number, float[] values) {
        int at = 0;
        for (int channel = 0; channel < manifest.output().channels().size(); channel++) {
            for (int row = 0; row < grid.sizes()[1]; row++) {
                int place = grid.place(number, row, 0);
                for (int column = 0; column < grid.sizes()[2]; column++, place += grid.steps()[2]) {
                    file.set(channel, place, values[at++]);
                }
            }
        }
    }

    @Override
    public VolumeSegmentation finish(Cancellation cancellation) {
        return new VolumeSegmentation(
                manifest.labels(),
                shape,
                geometry,
                projection,
                grid,
                List.copyOf(labels.finish(cancellation)),
                request,
                request.mayOverlap(manifest),
                outputs);
    }
}
