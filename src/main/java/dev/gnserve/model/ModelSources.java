package dev.gnserve.model;

import java.io.IOException;
import java.util.List;

/** Lists the models that can be loaded. Called again for every load and every check of the models folder. */
@FunctionalInterface
public interface ModelSources {

    /** All versions of all models. If two have the same name and version, the later one in the list wins. */
    List<? extends ModelSource> list() throws IOException;
}
