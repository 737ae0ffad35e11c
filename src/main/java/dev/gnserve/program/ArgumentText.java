package dev.gnserve.program;

import dev.gnserve.archive.ScriptWords;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.program.ProgramJson.Tagged;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Writes the arguments of calls in TorchScript. */
final class ArgumentText {

    /** Gives the text of a value of the graph. */
    @FunctionalInterface
    interface Values {

        /**
         * The text of a value.
         *
         * @param type of the value in TorchScript: {@code Tensor}, {@code int}, {@code float}, {@code bool}
         */
        String text(String name, String type);
    }

    private final Values values;
    private final String device;

    /** @param device text of the device on which the program runs: where a program was exported is no reason to run it there */
    ArgumentText(Values values, String device) {
        this.values = values;
        this.device = device;
    }

    String of(@Nullable JsonNode argument) {
        Tagged tagged = Tagged.of(argument);
        JsonNode value = tagged.value();
        return switch (tagged.tag()) {
            case "as_none" -> "None";
            case "as_tensor" -> values.text(tagged.name(), "Tensor");
            case "as_tensors" -> list("Tensor", value, this::tensor);
            case "as_optional_tensor" -> optional(value);
            case "as_optional_tensors" -> "annotate(List[Optional[Tensor]], " + list("", value, this::optional) + ")";
            case "as_nested_tensors" -> list("List[Tensor]", value, each -> list("Tensor", each, this::tensor));
            case "as_int" -> integer(value);
            case "as_ints" -> list("int", value, ArgumentText::integer);
            case "as_int_lists" -> list("List[int]", value, each -> list("int", each, ArgumentText::integer));
            case "as_float" -> real(value);
            case "as_floats" -> list("float", value, ArgumentText::real);
            case "as_float_lists" -> list("List[float]", value, each -> list("float", each, ArgumentText::real));
            case "as_complex" -> "complex(" + real(value.get("real")) + ", " + real(value.get("imag")) + ")";
            case "as_bool" -> bool(value);
            case "as_bools" -> list("bool", value, ArgumentText::bool);
            case "as_string" -> string(value);
            case "as_strings" -> list("str", value, ArgumentText::string);
            case "as_sym_int" -> symbolic(value, "int");
            case "as_sym_ints" -> list("int", value, each -> symbolic(each, "int"));
            case "as_sym_float" -> symbolic(value, "float");
            case "as_sym_floats" -> list("float", value, each -> symbolic(each, "float"));
            case "as_sym_bool" -> symbolic(value, "bool");
            case "as_sym_bools" -> list("bool", value, each -> symbolic(each, "bool"));
            case "as_scalar_type" -> Integer.toString(ScalarTypes.number(value.asInt(-1)));
            case "as_memory_format" -> Integer.toString(ScalarTypes.memoryFormat(value.asInt(-1)));
            case "as_layout" -> Integer.toString(ScalarTypes.layout(value.asInt(-1)));
            case "as_device" -> device;
            default ->
                throw new TorchScriptException("the program passes a value of the kind " + tagged.tag()
                        + " to an operator, which cannot be written in TorchScript. Export the model without it");
        };
    }

    private String tensor(JsonNode value) {
        return values.text(new Tagged("as_tensor", value).name(), "Tensor");
    }

    private String optional(JsonNode value) {
        Tagged tagged = Tagged.of(value);
        return tagged.tag().equals("as_none") ? "None" : values.text(tagged.name(), "Tensor");
    }

    private String symbolic(JsonNode value, String type) {
        Tagged tagged = Tagged.of(value);
        return switch (tagged.tag()) {
            case "as_name" -> {
                if (!tagged.value().isString()) {
                    throw ProgramJson.damaged("a symbolic value has no name");
                }
                yield values.text(tagged.value().stringValue(), type);
            }
            case "as_int" -> integer(tagged.value());
            case "as_float" -> real(tagged.value());
            case "as_bool" -> bool(tagged.value());
            default -> throw ProgramJson.damaged("a symbolic value is of the kind " + tagged.tag());
        };
    }

    private static String list(String type, JsonNode values, Function<JsonNode, String> each) {
        if (!values.isArray()) {
            throw ProgramJson.damaged("an argument that must be a list is none");
        }
        if (values.isEmpty() && !type.isEmpty()) {
            return "annotate(List[" + type + "], [])";
        }
        List<String> texts = new ArrayList<>();
        values.forEach(value -> texts.add(each.apply(value)));
        return "[" + String.join(", ", texts) + "]";
    }

    private static String integer(JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw ProgramJson.damaged("an argument that must be an integer is none");
        }
        return Long.toString(value.longValue());
    }

    private static String real(@Nullable JsonNode value) {
        if (value != null && value.isNumber()) {
            return ScriptWords.literal(value.doubleValue());
        }
        return switch (value == null ? "" : value.asString("")) {
            case "Infinity" -> ScriptWords.literal(Double.POSITIVE_INFINITY);
            case "-Infinity" -> ScriptWords.literal(Double.NEGATIVE_INFINITY);
            case "NaN" -> ScriptWords.literal(Double.NaN);
            default -> throw ProgramJson.damaged("an argument that must be a number is none");
        };
    }

    private static String bool(JsonNode value) {
        if (!value.isBoolean()) {
            throw ProgramJson.damaged("an argument that must be true or false is neither");
        }
        return value.booleanValue() ? "True" : "False";
    }

    private static String string(JsonNode value) {
        if (!value.isString()) {
            throw ProgramJson.damaged("an argument that must be a text is none");
        }
        return ScriptWords.quoted(value.stringValue());
    }
}
