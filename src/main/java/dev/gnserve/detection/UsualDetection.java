package dev.gnserve.detection;

import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.UsualTask;
import org.springframework.stereotype.Component;

/** Detection with the model's own thresholds. */
@Component
final class UsualDetection implements UsualTask {

    @Override
    public ImageTask<?, ?> task() {
        return DetectionTask.USUAL;
    }
}
