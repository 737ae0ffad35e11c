package dev.gnserve.cli;

import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sets a number of {@code thresholds} in a model.yaml, and leaves every other line as it is. */
enum ManifestThreshold {
    /** {@code thresholds.score}. */
    SCORE,

    /** {@code thresholds.mask}, which has no effect where model.yaml says that classes exclude each other. */
    MASK;

    /** A section in one line, up to its first field. */
    private static final Pattern INLINE = Pattern.compile("(?m)^thresholds:[ \t]*\\{[ \t]*");

    private static final Pattern BLOCK = Pattern.compile("(?m)^thresholds:[ \t]*(#.*)?$");

    private final String key = name().toLowerCase(Locale.ROOT);
    private final Pattern inBlock =
            Pattern.compile("(?m)^(thresholds:[ \t]*(?:#.*)?\r?\n(?:[ \t]+.*\n|[ \t]*\r?\n|#.*\n)*?[ \t]+" + key
                    + ":[ \t]*)[0-9.eE+-]+");
    private final Pattern inLine =
            Pattern.compile("(?m)^(thresholds:[ \t]*\\{(?:[^\n}]*,)?[ \t]*" + key + ":[ \t]*)[0-9.eE+-]+");

    /** The number that counts; NaN if it has no effect. */
    private double in(ModelManifest manifest) {
        return switch (this) {
            case SCORE -> manifest.thresholds().score(0);
            case MASK ->
                manifest.output().exclusive()
                        ? Double.NaN
                        : manifest.thresholds().mask();
        };
    }

    /**
     * The text of model.yaml with each of the thresholds 0.05, 0.1, ..., 0.95.
     *
     * @throws IllegalArgumentException as {@link #write}
     */
    Map<Float, String> tries(ModelSource source) throws IOException {
        Map<Float, String> tries = new LinkedHashMap<>();
        for (int step = 1; step < 20; step++) {
            tries.put(step / 20f, checked(source, step / 20f));
        }
        return tries;
    }

    /**
     * Writes the threshold.
     *
     * @return the file
     * @throws IllegalArgumentException if the manifest is not a file, or has the threshold in another form than one number
     */
    Path write(ModelSource source, float threshold) throws IOException {
        String changed = checked(source, threshold);
        return Files.writeString(file(source), changed);
    }

    /**
     * The file.
     *
     * @throws IllegalArgumentException if it is none
     */
    static Path file(ModelSource source) {
        Path file = Path.of(source.manifestLocation());
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException(
                    source.name() + " is an embedded model; --write-threshold changes the model.yaml of a folder");
        }
        return file;
    }

    private String checked(ModelSource source, float threshold) throws IOException {
        String changed = changed(source.manifest(), threshold);
        String file = file(source).toString();
        if (in(ManifestReader.read(file, changed)) != threshold) {
            throw new IllegalArgumentException(
                    "%s has thresholds.%s in a form that is not changed here, or another field, such as output.exclusive, that stands above it; set it to %s by hand"
                            .formatted(file, key, threshold));
        }
        return changed;
    }

    String changed(String manifest, float threshold) {
        for (Pattern known : new Pattern[] {inBlock, inLine}) {
            Matcher matcher = known.matcher(manifest);
            if (matcher.find()) {
                return matcher.replaceFirst(Matcher.quoteReplacement(matcher.group(1) + threshold));
            }
        }
        Matcher inline = INLINE.matcher(manifest);
        if (inline.find()) {
            return manifest.substring(0, inline.end()) + key + ": " + threshold
                    + (manifest.startsWith("}", inline.end()) ? "" : ", ") + manifest.substring(inline.end());
        }
        Matcher block = BLOCK.matcher(manifest);
        if (block.find()) {
            return manifest.substring(0, block.end()) + "\n  " + key + ": " + threshold
                    + manifest.substring(block.end());
        }
        return manifest + (manifest.endsWith("\n") ? "" : "\n") + "thresholds:\n  " + key + ": " + threshold + "\n";
    }
}
