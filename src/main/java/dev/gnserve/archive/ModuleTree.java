package dev.gnserve.archive;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The objects of data.pkl with their paths. Not changed after {@link #of}. */
final class ModuleTree {

    private static final int MAX_VISITS = 2_000_000;
    private static final int MAX_DEPTH = 500;
    private static final int MAX_PATH = 4_000;

    /**
     * One object of the pickle.
     *
     * @param path the attributes from the root to the object, joined by dots; empty for the root
     * @param otherPaths further paths to the same object, if it is registered more than once
     */
    record Instance(PickledObject object, String path, List<String> otherPaths) {

        String attributePath(String attribute) {
            return join(path, attribute);
        }

        boolean hasChildren() {
            return object.attributes().values().stream().anyMatch(PickledObject.class::isInstance);
        }
    }

    private final List<Instance> instances = new ArrayList<>();
    private final Map<PickledObject, Instance> byObject = new HashMap<>();
    private int visits;

    private ModuleTree() {}

    static ModuleTree of(PickledObject root) {
        ModuleTree tree = new ModuleTree();
        tree.visit(root, "", 0);
        return tree;
    }

    PickledObject root() {
        return instances.get(0).object();
    }

    /** All objects, each once, parents before children, in the order of the pickle. */
    List<Instance> instances() {
        return instances;
    }

    private void visit(PickledObject object, String path, int depth) {
        Instance known = byObject.get(object);
        if (known != null) {
            // The objects below it are listed under the first path.
            if (known.otherPaths().size() < 100) {
                known.otherPaths().add(path);
            }
            return;
        }
        if (depth > MAX_DEPTH || path.length() > MAX_PATH) {
            throw new TorchScriptException("data.pkl nests modules more than " + MAX_DEPTH + " deep or under paths of"
                    + " more than " + MAX_PATH + " characters");
        }
        Instance instance = new Instance(object, path, new ArrayList<>());
        instances.add(instance);
        byObject.put(object, instance);
        object.attributes().forEach((name, value) -> {
            if (++visits > MAX_VISITS) {
                throw new TorchScriptException("data.pkl holds more than " + MAX_VISITS + " attributes");
            }
            if (value instanceof PickledObject child) {
                visit(child, join(path, name.toString()), depth + 1);
            }
        });
    }

    private static String join(String path, String attribute) {
        return path.isEmpty() ? attribute : path + "." + attribute;
    }
}
