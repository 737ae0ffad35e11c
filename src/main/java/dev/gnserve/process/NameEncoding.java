package dev.gnserve.process;

import java.nio.charset.Charset;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The encoding in which the JVM exchanges names of files with the system; it follows from the locale of the process. */
public final class NameEncoding {

    /** Names in scripts of several continents. */
    private static final List<String> NAMES = List.of("größe", "клетка", "细胞", "खलिया");

    private NameEncoding() {}

    /** What this process cannot express and what to do about it; null if it can express all names. */
    public static @Nullable String flaw() {
        return flaw(System.getProperty("sun.jnu.encoding", "UTF-8"));
    }

    static @Nullable String flaw(String encoding) {
        return NAMES.stream()
                        .allMatch(name -> Charset.forName(encoding).newEncoder().canEncode(name))
                ? null
                : "Names of files are read as " + encoding
                        + " and cannot have all letters. Set LANG=C.UTF-8 for the process";
    }
}
