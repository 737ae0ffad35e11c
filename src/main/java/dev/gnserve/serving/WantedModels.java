package dev.gnserve.serving;

import dev.gnserve.failure.MisconfiguredException;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.ModelSources;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.stereotype.Component;

/** Compares {@code gnserve.models} with the models that exist when the service starts. */
@Component
@ConditionalOnWebApplication
final class WantedModels implements SmartInitializingSingleton {

    private static final Logger log = LoggerFactory.getLogger(WantedModels.class);

    private final ServingSettings settings;
    private final ModelSources all;
    private final boolean canBeLoadedLater;

    WantedModels(
            ServingSettings settings,
            ModelSources all,
            @Value("${gnserve.repository.enabled:false}") boolean repository) {
        this.settings = settings;
        this.all = all;
        this.canBeLoadedLater = repository || settings.watchInterval() != null;
    }

    @Override
    public void afterSingletonsInstantiated() {
        Set<String> wanted = settings.models();
        if (wanted == null) {
            return;
        }
        List<String> known;
        try {
            known = all.list().stream().map(ModelSource::name).distinct().toList();
        } catch (IOException e) {
            throw new MisconfiguredException("The folder of models cannot be read: " + e, e);
        }
        Set<String> missing = new TreeSet<>(wanted);
        known.forEach(missing::remove);
        if (missing.isEmpty()) {
            return;
        }
        String sentence = "gnserve.models names %s, but the models are %s.".formatted(missing, known);
        if (!canBeLoadedLater) {
            throw new MisconfiguredException(
                    sentence + " Correct the name, or mount the folder that contains the model as gnserve.models-dir.");
        }
        log.warn("{} What is missing can be served when it is in the folder.", sentence);
    }
}
