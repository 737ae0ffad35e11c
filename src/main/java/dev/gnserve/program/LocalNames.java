package dev.gnserve.program;

import dev.gnserve.archive.ScriptWords;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Gives out names for the variables of one function, each once. Not thread-safe. */
final class LocalNames {

    private static final int LONGEST = 100;

    private final Set<String> taken = new HashSet<>();
    private final Map<String, Integer> used = new HashMap<>();

    /** A new name that resembles the wanted one. */
    String fresh(String wanted) {
        String plain = wanted.replaceAll("[^A-Za-z0-9_]", "_").replaceAll("^_+(?=.)", "");
        plain = plain.substring(0, Math.min(plain.length(), LONGEST));
        String base = plain.isEmpty() || Character.isDigit(plain.charAt(0)) ? "v" + plain : plain;
        String name = base;
        while (!ScriptWords.isName(name) || !taken.add(name)) {
            name = base + "_" + used.merge(base, 1, Integer::sum);
        }
        return name;
    }
}
