package dev.gnserve.archive;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A module, or another instance of a TorchScript class, as a pickle describes it: data, never a live object. */
final class PickledObject {

    private final String className;
    private PickledDict state = new PickledDict();

    PickledObject(String className) {
        this.className = className;
    }

    /** Qualified name of the class: {@code __torch__.torch.nn.modules.conv.Conv2d}. */
    String className() {
        return className;
    }

    /** Name of the class alone: {@code Conv2d}. */
    String simpleName() {
        return className.substring(className.lastIndexOf('.') + 1);
    }

    /** Attributes in the order of the pickle. Values are as {@link PickleReader} says. */
    Map<Object, @Nullable Object> attributes() {
        return state.items();
    }

    boolean has(String attribute) {
        return state.items().containsKey(attribute);
    }

    @Nullable
    Object get(String attribute) {
        return state.items().get(attribute);
    }

    /** Byte of the pickle at which further attributes can be inserted, or -1. */
    int insertionPoint() {
        return state.insertionPoint();
    }

    /** The dict is shared, not copied: a pickle can give one dict to a million objects. */
    void build(PickledDict pickled) {
        state = pickled;
    }
}
