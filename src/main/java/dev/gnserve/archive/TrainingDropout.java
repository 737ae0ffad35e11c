package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Finds dropout that was left in training mode: calls whose flag is written as {@code True}. Such a model answers at random. A flag
 * that is an attribute does not count, because the engine calls {@code eval()} on every model. Nor does the call in PyTorch's own
 * {@code multi_head_attention_forward}: its flag is always true, and its probability is 0 except in training.
 */
final class TrainingDropout {

    private static final Pattern NAME = Pattern.compile(
            "(torch|__torch__\\.torch\\.nn\\.functional)\\.(native_|feature_|alpha_|feature_alpha_)?dropout"
                    + "(\\dd)?_?");

    private static final Pattern NO_PROBABILITY = Pattern.compile("(p=)?0(\\.0*)?");

    private static final int PROBABILITY = 1;
    private static final int FLAG = 2;

    private TrainingDropout() {}

    /** Places of these calls, as {@code torch.dropout in code/__torch__.py line 7}. */
    static List<String> in(List<SourceFile> sources) {
        List<String> found = new ArrayList<>();
        for (SourceFile source : sources) {
            List<Function> functions = new ArrayList<>(source.functions);
            for (ClassType type : source.classes) {
                functions.addAll(type.methods);
            }
            for (Function function : functions) {
                if (function.name.equals("multi_head_attention_forward")) {
                    continue;
                }
                for (Call call : function.calls()) {
                    String name = source.token(call.callee());
                    Span assigned = function.assigned(name);
                    name = assigned == null ? name : source.text(assigned);
                    if (NAME.matcher(name).matches() && trains(source, call)) {
                        found.add(name + " in " + source.entry + " line " + source.lineNumber(call.callee()));
                    }
                }
            }
        }
        return List.copyOf(found);
    }

    private static boolean trains(SourceFile source, Call call) {
        List<Span> arguments = source.arguments(call.open());
        if (arguments.size() <= FLAG) {
            return false;
        }
        String flag = source.text(arguments.get(FLAG)).replaceAll("\\s|train(ing)?=", "");
        String probability = source.text(arguments.get(PROBABILITY)).trim();
        return flag.equals("True") && !NO_PROBABILITY.matcher(probability).matches();
    }
}
