package dev.gnserve.archive;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A module for {@link TorchScriptWriter}: the name of its class, its tensors, constants and submodules by attribute, and its
 * methods. Immutable, except for the arrays of parameters.
 *
 * <p>Modules of one class may differ only in their values. A module that is a child of several modules is written once and shared.
 */
public final class ScriptModule {

    private final String className;
    private final Map<String, Attribute> attributes;
    private final List<ScriptMethod> methods;

    private ScriptModule(Builder builder) {
        className = builder.className;
        attributes = Collections.unmodifiableMap(new LinkedHashMap<>(builder.attributes));
        methods = List.copyOf(builder.methods);
    }

    /** A builder of a module whose class has this simple name. */
    public static Builder ofClass(String className) {
        return new Builder(className);
    }

    String className() {
        return className;
    }

    Map<String, Attribute> attributes() {
        return attributes;
    }

    List<ScriptMethod> methods() {
        return methods;
    }

    /** The value of an attribute. */
    sealed interface Attribute permits Parameter, Stored, Child, Constant {}

    /** A float32 tensor, row-major. */
    static final class Parameter implements Attribute {

        final float[] values;
        final int[] shape;

        Parameter(float[] values, int[] shape) {
            this.values = values;
            this.shape = shape;
        }
    }

    /**
     * A tensor of another archive; its elements are copied as they are.
     *
     * @param parameter whether it is a parameter, and not a buffer
     */
    record Stored(SavedTensor saved, boolean parameter) implements Attribute {}

    record Child(ScriptModule module) implements Attribute {}

    /** A number that tools can read from the class, as in PyTorch's own modules. */
    record Constant(String type, String literal) implements Attribute {}

    /** Builds a module. Not thread-safe. */
    public static final class Builder {

        private final String className;
        private final Map<String, Attribute> attributes = new LinkedHashMap<>();
        private final List<ScriptMethod> methods = new ArrayList<>();

        private Builder(String className) {
            if (!isIdentifier(className)) {
                throw new IllegalArgumentException(className + " cannot be the name of a class");
            }
            this.className = className;
        }

        /** A float32 tensor, row-major; the array is not copied. */
        public Builder parameter(String name, float[] values, int... shape) {
            long size = 1;
            for (int length : shape) {
                size *= length;
            }
            if (size != values.length) {
                throw new IllegalArgumentException(
                        name + " has " + values.length + " values, but its shape has " + size);
            }
            if (!isIdentifier(name)) {
                throw new IllegalArgumentException(name + " cannot be the name of a parameter");
            }
            return attribute(name, new Parameter(values, shape.clone()));
        }

        /**
         * A tensor of another archive, of any type and strides.
         *
         * @param name any printable text without quotes and dots: a number in a list of parameters, for example
         * @param parameter whether it is a parameter, and not a buffer
         */
        public Builder tensor(String name, SavedTensor saved, boolean parameter) {
            requireAttributeName(name);
            return attribute(name, new Stored(saved, parameter));
        }

        /** A submodule; its name may be a number, as in a list of modules, or another text as for {@link #tensor}. */
        public Builder child(String name, ScriptModule module) {
            requireAttributeName(name);
            return attribute(name, new Child(module));
        }

        /** Says that the module is a normalization whose computation is written out as single operators. */
        public Builder decomposed() {
            return constant(NormalizationCalls.DECOMPOSED, 1);
        }

        public Builder constant(String name, long value) {
            return attribute(name, new Constant("int", Long.toString(value)));
        }

        public Builder constant(String name, double value) {
            return attribute(name, new Constant("float", ScriptWords.literal(value)));
        }

        public Builder method(ScriptMethod method) {
            methods.add(method);
            return this;
        }

        public ScriptModule build() {
            return new ScriptModule(this);
        }

        private Builder attribute(String name, Attribute attribute) {
            if (attributes.putIfAbsent(name, attribute) != null) {
                throw new IllegalArgumentException(className + " has two attributes with the name " + name);
            }
            return this;
        }

        private static void requireAttributeName(String name) {
            if (!name.matches("[ !#-&(-\\-/-\\[\\]-~]+")) {
                throw new IllegalArgumentException(name + " cannot be the name of an attribute");
            }
        }

        private static boolean isIdentifier(String name) {
            return name.matches("[A-Za-z_][A-Za-z_0-9]*");
        }
    }
}
