package dev.gnserve.cli;

import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sets {@code thresholds.score} in a model.yaml, and leaves every other line as it is. */
final class ScoreThreshold {

    private static final Pattern BLOCK = Pattern.compile("(?m)^thresholds:[ \t]*(#.*)?$");
    private static final Pattern SCORE_IN_BLOCK = Pattern.compile(
            "(?m)^(thresholds:[ \t]*(?:#.*)?\n(?:[ \t]+.*\n|[ \t]*\n|#.*\n)*?[ \t]+score:[ \t]*)[0-9.eE+-]+");
    private static final Pattern SCORE_IN_LINE =
            Pattern.compile("(?m)^(thresholds:[ \t]*\\{(?:[^\n}]*,)?[ \t]*score:[ \t]*)[0-9.eE+-]+");

    private ScoreThreshold() {}

    /**
     * Writes the threshold.
     *
     * @return the file
     * @throws IllegalArgumentException if the manifest is not a file, or has the threshold in another form than one number
     */
    static Path write(ModelSource source, float score) throws IOException {
        Path file = Path.of(source.manifestLocation());
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(
                    source.name() + " is an embedded model; --write-threshold changes the model.yaml of a folder");
        }
        String changed = changed(source.manifest(), score);
        float read = ManifestReader.read(file.toString(), changed).thresholds().score(0);
        if (read != score) {
            throw new IllegalArgumentException(
                    "%s has thresholds.score in a form that is not changed here; set it to %s".formatted(file, score));
        }
        Files.writeString(file, changed);
        return file;
    }

    static String changed(String manifest, float score) {
        for (Pattern known : new Pattern[] {SCORE_IN_BLOCK, SCORE_IN_LINE}) {
            Matcher matcher = known.matcher(manifest);
            if (matcher.find()) {
                return matcher.replaceFirst(Matcher.quoteReplacement(matcher.group(1) + score));
            }
        }
        Matcher block = BLOCK.matcher(manifest);
        if (block.find()) {
            return manifest.substring(0, block.end()) + "\n  score: " + score + manifest.substring(block.end());
        }
        return manifest + (manifest.endsWith("\n") ? "" : "\n") + "thresholds:\n  score: " + score + "\n";
    }
}
