package dev.gnserve.problem;

/** Text from a request, made safe for one line of a log. */
final class LogText {

    private static final int LONGEST = 200;

    private LogText() {}

    /** At most 200 characters, with everything that is not printable ASCII replaced, so that no line can be forged. */
    static String of(String text) {
        String harmless = text.replaceAll("[^\\x20-\\x7e]", "?");
        return harmless.length() <= LONGEST ? harmless : harmless.substring(0, LONGEST) + "...";
    }
}
