package dev.gnserve.workshop.paper;

import dev.gnserve.backend.Engine;
import dev.gnserve.workshop.training.Trial;
import dev.gnserve.workshop.training.TrialData;
import dev.gnserve.workshop.training.TrialRecipe;
import dev.gnserve.workshop.training.TrialRecipe.Subject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The folder of all experiments: a small JSON file for each trial that ended, in {@code results}, and its checkpoint in {@code work}. A trial
 * with a result does not run again; one with a checkpoint goes on.
 */
public final class TrialRuns {

    static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final Path folder;

    public TrialRuns(Path folder) {
        this.folder = folder;
    }

    /** Runs those trials that have no result yet, and reports each with a line. */
    public void run(List<TrialRecipe> trials, TrialData data, PrintWriter log) throws IOException {
        int number = 0;
        for (TrialRecipe trial : trials) {
            number++;
            if (outcome(trial).isPresent()) {
                continue;
            }
            Trial.Outcome outcome = Trial.run(trial, data, work(trial));
            save(resultFile(trial), outcome);
            log.printf(
                    Locale.ROOT,
                    "%d/%d %s: %s %s, %.1f s%n",
                    number,
                    trials.size(),
                    trial.name(),
                    trial.subject().score(),
                    outcome.diverged() ? "diverged" : String.format(Locale.ROOT, "%.4f", outcome.score()),
                    outcome.seconds());
            log.flush();
        }
    }

    /** Serves the trained networks, training first those that are not; one result for each network and seed. */
    public void serve(Scale scale, TrialData data, Engine engine, PrintWriter log) throws IOException {
        for (long seed : scale.seeds()) {
            for (Subject subject : scale.subjects()) {
                Path file = result(serving(subject, scale, seed));
                if (subject == Subject.FCOS || Files.exists(file)) {
                    continue;
                }
                run(Serving.trials(subject, scale, seed), data, log);
                save(file, Serving.measure(subject, scale, seed, this, data, engine));
                log.println(file.getFileName());
                log.flush();
            }
        }
    }

    private static String serving(Subject subject, Scale scale, long seed) {
        return "serving-%s-e%d-n%d-s%d%s"
                .formatted(subject, scale.epochs(subject), scale.examples(), seed, scale.reduced() ? "-reduced" : "");
    }

    /** What serving a network showed, if it ran. */
    Optional<Serving.Result> served(Subject subject, Scale scale, long seed) throws IOException {
        Path file = result(serving(subject, scale, seed));
        return Files.exists(file)
                ? Optional.of(JSON.readValue(Files.readString(file), Serving.Result.class))
                : Optional.empty();
    }

    /** The result of a trial, if it ended. */
    Optional<Trial.Outcome> outcome(TrialRecipe trial) throws IOException {
        Path file = resultFile(trial);
        return Files.exists(file)
                ? Optional.of(JSON.readValue(Files.readString(file), Trial.Outcome.class))
                : Optional.empty();
    }

    /** The folder of a trial's checkpoint. */
    Path work(TrialRecipe trial) {
        return folder.resolve("work").resolve(trial.name());
    }

    /** Where an experiment beside the trials puts its result. */
    Path result(String name) {
        return folder.resolve("results").resolve(name + ".json");
    }

    private Path resultFile(TrialRecipe trial) {
        return result(trial.name());
    }

    /** Writes beside the file and renames, so that a kill at any moment leaves no half of a result. */
    static void save(Path file, Object result) throws IOException {
        Files.createDirectories(file.getParent());
        Path partial = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(partial, JSON.writeValueAsString(result) + "\n");
        Files.move(partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
