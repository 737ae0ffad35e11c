package dev.gnserve.problem;

/** Makes text from a request safe for one line of a log. */
public final class LogText {

    private static final int LONGEST = 200;

    private LogText() {}

    /** Cuts to 200 characters and replaces all but printable ASCII, so that a request cannot forge log lines. */
    public static String of(String text) {
        String harmless = text.replaceAll("[^\\x20-\\x7e]", "?");
        return harmless.length() <= LONGEST ? harmless : harmless.substring(0, LONGEST) + "...";
    }
}
