package dev.gnserve.archive;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A module, or another instance of a TorchScript class, as data of a pickle. */
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

    /** Byte position in the pickle at which attributes can be inserted, or -1. */
    int insertionPoint() {
        return state.insertionPoint();
    }

    /** Sets the state. The dict is not copied, because a pickle can share one dict among a million objects. */
    void build(PickledDict pickled) {
        state = pickled;
    }
}
