package dev.gnserve.tuning;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes an execution plan into the text of a model.yaml, whose other lines stay as they are. The accuracy goes: it is for a plan that is
 * not stated.
 */
public final class PlannedManifest {

    private static final Pattern SECTION = Pattern.compile("(?m)^execution:");
    private static final Pattern NEXT_SECTION = Pattern.compile("(?m)^[^\\s}#]");
    private static final Pattern LINE = Pattern.compile("(?m)^ +(plan|accuracy):.*\\n?");
    private static final Pattern ENTRY = Pattern.compile("\\b(plan|accuracy):\\s*[\"']?[\\w.-]+[\"']?\\s*,?\\s*");
    private static final Pattern INDENT = Pattern.compile("(?m)^( +)\\S");

    private PlannedManifest() {}

    /**
     * The text with a plan. The caller must read it: not every way of writing YAML is known here.
     *
     * @param plan its label: {@code channels-last}
     */
    public static String with(String manifest, String plan) {
        Matcher section = SECTION.matcher(manifest);
        if (!section.find()) {
            String lineEnd = manifest.isEmpty() || manifest.endsWith("\n") ? "" : "\n";
            return manifest + lineEnd + "execution: {plan: " + plan + "}\n";
        }
        Matcher next = NEXT_SECTION.matcher(manifest);
        int end = next.find(section.end()) ? next.start() : manifest.length();
        String body = manifest.substring(section.start(), end);
        return manifest.substring(0, section.start()) + changed(body, plan) + manifest.substring(end);
    }

    private static String changed(String body, String plan) {
        int brace = body.lines().findFirst().orElse("").replaceFirst("#.*", "").indexOf('{');
        if (brace >= 0) {
            String rest = ENTRY.matcher(body.substring(brace + 1)).replaceAll("");
            String comma = rest.stripLeading().startsWith("}") ? "" : ", ";
            return body.substring(0, brace + 1) + "plan: " + plan + comma + rest;
        }
        Matcher indent = INDENT.matcher(body);
        String margin = indent.find() ? indent.group(1) : "  ";
        String rest = LINE.matcher(body).replaceAll("");
        int lineEnd = rest.indexOf('\n');
        String first = lineEnd < 0 ? rest + "\n" : rest.substring(0, lineEnd + 1);
        String line = margin + "plan: " + plan + "\n";
        return first + line + (lineEnd < 0 ? "" : rest.substring(lineEnd + 1));
    }
}
