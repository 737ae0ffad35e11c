package dev.gnserve.workshop.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** What a run leaves behind: its recipe, its newest checkpoint, its scores along the way. */
final class RunFolder {

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final Path folder;

    RunFolder(Path folder) {
        this.folder = folder;
    }

    /** Notes the recipe of a run that begins or goes on. Only its length may change on the way: the rest is built into the weights. */
    void begin(Recipe recipe) throws IOException {
        Files.createDirectories(folder);
        if (Files.exists(recipeFile())) {
            Recipe before = recipe();
            if (!before.withSteps(recipe.steps()).equals(recipe)) {
                throw new IllegalArgumentException(
                        folder + " holds a run of " + before + "; go on with the same or train to another folder");
            }
        }
        Files.writeString(recipeFile(), JSON.writeValueAsString(recipe) + "\n");
    }

    Recipe recipe() throws IOException {
        return JSON.readValue(Files.readString(recipeFile()), Recipe.class);
    }

    boolean hasCheckpoint() {
        return Files.exists(checkpointFile());
    }

    Checkpoint checkpoint() throws IOException {
        return Checkpoint.load(checkpointFile());
    }

    void save(Checkpoint checkpoint) throws IOException {
        checkpoint.save(checkpointFile());
    }

    /** Adds a line to {@code history.csv}, whose columns are the names of the scores. */
    void record(int step, double loss, Map<String, Double> scores) throws IOException {
        Path history = folder.resolve("history.csv");
        if (Files.notExists(history)) {
            String names = scores.keySet().stream().map(name -> "," + name).collect(Collectors.joining());
            Files.writeString(history, "step,loss" + names + "\n");
        }
        String values = scores.values().stream()
                .map(score -> String.format(Locale.ROOT, ",%.5f", score))
                .collect(Collectors.joining());
        Files.writeString(
                history, String.format(Locale.ROOT, "%d,%.5f%s%n", step, loss, values), StandardOpenOption.APPEND);
    }

    private Path recipeFile() {
        return folder.resolve("recipe.json");
    }

    private Path checkpointFile() {
        return folder.resolve("checkpoint.bin");
    }
}
