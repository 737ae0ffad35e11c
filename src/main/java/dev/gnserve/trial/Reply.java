package dev.gnserve.trial;

import org.jspecify.annotations.Nullable;

/**
 * One line of the trial process.
 *
 * @param text that belongs to it; empty where there is none
 */
record Reply(Kind kind, String text) {

    enum Kind {
        /** It waits for requests. */
        READY,
        /** The archive is being loaded from now on. */
        LOADING,
        /** The archive runs on inputs of its warm-up from now on. */
        RUNNING,
        /** An operator that the engine does not have was replaced: a {@code RepairedArchive.Replacement} as JSON. */
        REPLACED,
        /** The archive serves. */
        PASSED,
        /** The archive does not serve; the text says why. */
        REFUSED,
        /** There was no trial, for reasons that the text gives and that have nothing to do with the archive. */
        UNABLE
    }

    /** A pipe takes 4096 bytes in one piece: what the code of an archive prints never comes to stand within a line. */
    private static final int MOST_CHARACTERS = 900;

    /** As it is written: on a new line, after anything that was written before. */
    String line(String token) {
        String printable = text.codePoints()
                .limit(kind == Kind.REPLACED ? Long.MAX_VALUE : MOST_CHARACTERS)
                .map(c -> Character.isISOControl(c) ? ' ' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
        return "\n" + token + " " + kind + " " + printable + "\n";
    }

    /** The reply in a line; null if the line is something else. */
    static @Nullable Reply parse(String token, String line) {
        if (!line.startsWith(token + " ")) {
            return null;
        }
        String[] parts = line.substring(token.length() + 1).split(" ", 2);
        for (Kind kind : Kind.values()) {
            if (kind.name().equals(parts[0])) {
                return new Reply(kind, parts.length > 1 ? parts[1].strip() : "");
            }
        }
        return null;
    }
}
