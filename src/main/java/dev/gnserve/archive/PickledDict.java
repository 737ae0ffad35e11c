package dev.gnserve.archive;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A dict of a pickle, which remembers where its items begin. */
final class PickledDict {

    private final Map<Object, @Nullable Object> items = new LinkedHashMap<>();
    private int insertionPoint = -1;

    Map<Object, @Nullable Object> items() {
        return items;
    }

    /** Byte of the pickle right after the mark that opens the items, or -1 when there is none. */
    int insertionPoint() {
        return insertionPoint;
    }

    void itemsBeginAt(int position) {
        if (insertionPoint < 0) {
            insertionPoint = position;
        }
    }
}
