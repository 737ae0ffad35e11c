package dev.gnserve.model;

import java.io.IOException;
import java.util.List;

/** Where models lie; listed again whenever a model is loaded by hand or the folder is watched. */
@FunctionalInterface
public interface ModelSources {

    /** Every version of every model that is there now; a later one replaces an earlier one of the same name and version. */
    List<? extends ModelSource> list() throws IOException;
}
