package dev.gnserve.model;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lists the models that can be loaded. Called again for every load and every check of the models folder. */
@FunctionalInterface
public interface ModelSources {

    /** All versions of all models. If two have the same name and version, the later one in the list wins. */
    List<? extends ModelSource> list() throws IOException;

    /**
     * Which version of a model gets which requests.
     *
     * @throws IOException if the file that says it cannot be read
     * @throws IllegalArgumentException if it says something that is not allowed
     */
    default Traffic traffic(String name) throws IOException {
        return Traffic.NEWEST;
    }

    /** Why a model that is there under this name is not in the list, as a sentence that says what to do; null if there is none. */
    default @Nullable String whyLeftOut(String name) {
        return null;
    }
}
