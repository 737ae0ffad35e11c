package dev.gnserve.classification;

import dev.gnserve.serving.ImageTask;
import dev.gnserve.serving.UsualTask;
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
