package dev.gnserve.bulk;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Which model the results in a folder come from, in a hidden file beside them: a job that continues keeps them as they are. */
public final class ResultsOrigin {

    private static final String FILE = ".gnserve-batch";

    private ResultsOrigin() {}

    /**
     * Marks a folder for results of this origin.
     *
     * @param origin any text
     * @return the other origin of the results that the folder has already; null if it is free or marked so
     */
    public static @Nullable String claim(Path folder, String origin) throws IOException {
        Path file = folder.resolve(FILE);
        if (Files.exists(file)) {
            String before = Files.readString(file);
            return before.equals(origin) ? null : before;
        }
        ResultFiles.write(file, origin.getBytes(StandardCharsets.UTF_8));
        return null;
    }
}
