package dev.gnserve.classification;

import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.UsualTask;
import org.springframework.stereotype.Component;

/** Classification with the model's own thresholds. */
@Component
final class UsualClassification implements UsualTask {

    private static final int USUAL_TOP = 5;

    @Override
    public ImageTask<?, ?> task() {
        return new ClassificationTask(USUAL_TOP);
    }
}
