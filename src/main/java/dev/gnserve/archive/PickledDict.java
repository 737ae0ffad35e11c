package dev.gnserve.archive;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A dict of a pickle, with the position of its items. */
final class PickledDict {

    private final Map<Object, @Nullable Object> items = new LinkedHashMap<>();
    private int insertionPoint = -1;

    Map<Object, @Nullable Object> items() {
        return items;
    }

    /** Byte position in the pickle at which items can be inserted, right after the mark; or -1. */
    int insertionPoint() {
        return insertionPoint;
    }

    void itemsBeginAt(int position) {
        if (insertionPoint < 0) {
            insertionPoint = position;
        }
    }
}
