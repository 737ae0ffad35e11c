package dev.gnserve.segmentation;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.model.ClassProbabilities;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.OutputSpec;
import dev.gnserve.model.PixelLabels;
import dev.gnserve.pipeline.VolumeTask;
import dev.gnserve.volume.ArrayFile;
import dev.gnserve.volume.AxisOrder;
import dev.gnserve.volume.LabelRuns;
import dev.gnserve.volume.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes labels and objects of a volume from blended outputs, plane by plane, by the same rule as for images ({@link PixelLabels}). Not
 * thread-safe.
 */
final class VolumeSegmenter implements VolumeTask.Collector<VolumeSegmentation> {

    private final ModelManifest manifest;
    private final VolumeRequest request;
    private final PixelLabels rule;
    private final AxisOrder.Grid grid;
    private final List<LabelRuns> labels = new ArrayList<>();
    private final float[] foreground;

    /** The outputs of all voxels; null unless the request wants them. */
    private final @Nullable ArrayFile outputs;

    private final VolumeSegmentation result;

    VolumeSegmenter(ModelManifest manifest, VolumeRequest request, Volume volume, AxisOrder.Grid grid) {
        this.manifest = manifest;
        this.request = request;
        this.grid = grid;
        Float threshold = request.threshold();
        this.rule = threshold == null ? new PixelLabels(manifest) : new PixelLabels(manifest, threshold);
        int rows = grid.sizes()[1];
        int columns = grid.sizes()[2];
        this.foreground = new float[rows * columns];
        for (int label = 0; label < rule.count(); label++) {
            labels.add(new LabelRuns(rows, columns, VolumeRequest.mostRuns(volume.shape())));
        }
        ArrayFile.Format format = request.file();
        this.outputs = format != null && request.content().isOfOutputs()
                ? new ArrayFile(
                        format,
                        ArrayFile.Type.FLOAT32,
                        manifest.output().channels().size(),
                        volume.shape(),
                        volume.geometry())
                : null;
        boolean overlap = request.mayOverlap(manifest);
        this.result = new VolumeSegmentation(manifest.labels(), volume, grid, labels, request, overlap, outputs);
    }

    @Override
    public void plane(int number, float[] values) {
        OutputSpec spec = manifest.output();
        String name = spec.name() == null ? "output" : spec.name();
        int channels = spec.channels().size();
        Tensor blended = Tensor.of(values, channels, grid.sizes()[1], grid.sizes()[2]);
        PlanarImage probabilities = ClassProbabilities.of(new Prediction(Map.of(name, blended)), spec);
        for (int label = 0; label < labels.size(); label++) {
            rule.foreground(label, probabilities.values(), foreground.length, foreground);
            int own = label;
            labels.get(label).add(foreground, probability -> rule.isIn(own, probability));
        }
        if (outputs != null) {
            boolean logits = request.content() == VolumeRequest.Content.LOGITS;
            put(outputs, number, logits ? spec.stepped(blended).floats() : probabilities.values());
        }
    }

    private void put(ArrayFile file, int number, float[] values) {
        int at = 0;
        for (int channel = 0; channel < values.length / foreground.length; channel++) {
            for (int row = 0; row < grid.sizes()[1]; row++) {
                int place = grid.place(number, row, 0);
                for (int column = 0; column < grid.sizes()[2]; column++, place += grid.steps()[2]) {
                    file.set(channel, place, values[at++]);
                }
            }
        }
    }

    @Override
    public VolumeSegmentation finish() {
        int next = 1;
        for (LabelRuns label : labels) {
            next += label.finish(next, manifest.thresholds().minimumArea()).size();
        }
        return result;
    }
}
