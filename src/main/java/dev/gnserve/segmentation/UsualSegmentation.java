package dev.gnserve.segmentation;

import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.UsualTask;
import org.springframework.stereotype.Component;

/** Segmentation with the model's own thresholds. */
@Component
final class UsualSegmentation implements UsualTask {

    @Override
    public ImageTask<?, ?> task() {
        return SegmentationTask.USUAL;
    }
}
