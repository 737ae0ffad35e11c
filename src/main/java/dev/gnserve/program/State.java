package dev.gnserve.program;

import dev.gnserve.archive.SavedTensor;

/**
 * A tensor that the program owns.
 *
 * @param name path of the attribute in the exported model: {@code stem.conv.weight}
 * @param parameter whether it is a parameter, and not a buffer or a constant
 */
record State(String name, SavedTensor tensor, boolean parameter) {

    /** The path of the module that owns it; empty for the model itself. */
    String module() {
        return name.substring(0, Math.max(0, name.lastIndexOf('.')));
    }

    /** The name within its module. */
    String attribute() {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
