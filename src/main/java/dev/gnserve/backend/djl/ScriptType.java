package dev.gnserve.backend.djl;

import java.util.ArrayList;
import java.util.List;

/** A type in TorchScript's notation, taken apart: {@code Dict[str, List[Tensor]]}. An optional type counts as its own part. Immutable. */
final class ScriptType {

    private final String text;
    private final String name;
    private final List<ScriptType> parts;

    ScriptType(String text) {
        String type = text.strip();
        while (type.startsWith("Optional[") && type.endsWith("]")) {
            type = type.substring("Optional[".length(), type.length() - 1).strip();
        }
        this.text = type;
        int bracket = type.indexOf('[');
        this.name = bracket < 0 ? type : type.substring(0, bracket);
        this.parts = bracket < 0 ? List.of() : split(type.substring(bracket + 1, type.length() - 1));
    }

    /** Splits at the commas outside of brackets. */
    private static List<ScriptType> split(String inside) {
        List<ScriptType> found = new ArrayList<>();
        int depth = 0;
        int from = 0;
        for (int i = 0; i <= inside.length(); i++) {
            char at = i == inside.length() ? ',' : inside.charAt(i);
            depth += at == '[' ? 1 : at == ']' ? -1 : 0;
            if (at == ',' && depth == 0) {
                found.add(new ScriptType(inside.substring(from, i)));
                from = i + 1;
            }
        }
        return List.copyOf(found);
    }

    boolean is(String wanted) {
        return name.equals(wanted);
    }

    /** Whether it is a list, a tuple or a dictionary with texts as keys. */
    boolean isContainer() {
        return (is("List") && parts.size() == 1)
                || (is("Tuple") && !parts.isEmpty())
                || (is("Dict") && parts.size() == 2 && parts.get(0).is("str"));
    }

    List<ScriptType> parts() {
        return parts;
    }

    /** Whether a value has this place: any in a list. */
    boolean hasPart(int place) {
        return !is("Tuple") || place < parts.size();
    }

    /** The type of a part. */
    ScriptType part(int place) {
        return is("Tuple") ? parts.get(place) : parts.get(parts.size() - 1);
    }

    /** The name of a first tensor in an argument of this type. */
    String example(String argument) {
        return isContainer() ? part(0).example(argument + (is("Dict") ? ".key" : ".0")) : argument;
    }

    @Override
    public String toString() {
        return text;
    }
}
