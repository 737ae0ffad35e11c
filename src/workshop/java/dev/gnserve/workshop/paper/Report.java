package dev.gnserve.workshop.paper;

import dev.gnserve.workshop.training.Entrance;
import dev.gnserve.workshop.training.Norm;
import dev.gnserve.workshop.training.Trial;
import dev.gnserve.workshop.training.TrialRecipe;
import dev.gnserve.workshop.training.TrialRecipe.Subject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Tables in Markdown and charts of all results of a scale that are there. What did not run has a dash. */
public final class Report {

    private static final List<Integer> BATCHES = List.of(16, 8, 4, 2, 1);

    private final TrialRuns runs;
    private final Scale scale;
    private final PrintWriter out;

    public Report(TrialRuns runs, Scale scale, PrintWriter out) {
        this.runs = runs;
        this.scale = scale;
        this.out = out;
    }

    /** Prints the tables, and writes the charts into a folder. */
    public void write(Path images) throws IOException {
        rates();
        for (Subject subject : scale.subjects()) {
            batches(subject, images);
        }
        for (Subject subject : scale.subjects()) {
            if (subject != Subject.FCOS) {
                groups(subject, images);
                growth(subject);
            }
        }
        entrances();
        serving();
        out.flush();
    }

    /** Those that ran with the seeds of this scale: usually others than those of the other experiments. */
    private void rates() throws IOException {
        for (TrialRecipe trial : Experiment.RATES.trials(scale)) {
            Optional<Trial.Outcome> outcome = runs.outcome(trial);
            if (outcome.isPresent()) {
                out.printf(
                        Locale.ROOT,
                        "%s, %s, rate %s: %s %.3f%n",
                        titled(trial.subject()),
                        named(trial.norm()),
                        trial.rate(),
                        trial.subject().score(),
                        outcome.get().score());
            }
        }
    }

    private void batches(Subject subject, Path images) throws IOException {
        List<Integer> batches = subject == Subject.FCOS ? List.of(16, 2) : BATCHES;
        heading("error (1 - " + subject.score() + ", percent) against batch size", subject);
        header("norm", batches.stream().map(batch -> "batch " + batch).toList());
        Map<String, List<Figures>> lines = new LinkedHashMap<>();
        for (Norm norm : Experiment.NORMS) {
            List<Figures> figures = new ArrayList<>();
            for (int batch : batches) {
                figures.add(figures(seed -> Experiment.plain(subject, norm, batch, scale, seed)));
            }
            row(named(norm), figures);
            lines.put(named(norm), figures);
        }
        if (subject != Subject.FCOS) {
            Chart.write(
                    titled(subject),
                    "batch (learning rate in proportion)",
                    "error, percent",
                    batches.stream().map(String::valueOf).toList(),
                    top(lines),
                    lines,
                    images.resolve("norms-batch-" + subject + ".png"));
        }
    }

    private void groups(Subject subject, Path images) throws IOException {
        heading("groups, batch " + Experiment.GROUPS_BATCH, subject);
        header("norm", List.of("error"));
        List<String> settings = Experiment.groups(subject, false);
        List<Figures> figures = new ArrayList<>();
        for (String norm : settings) {
            Figures found = group(subject, norm);
            figures.add(found);
            row(named(Norm.of(norm)), List.of(found));
        }
        Map<String, List<Figures>> lines = Map.of("error", figures);
        Chart.write(
                titled(subject) + ", batch " + Experiment.GROUPS_BATCH,
                "ln: 1 group, gn8: 8 groups, in: a group a channel, gn/8: 8 channels a group",
                "error, percent",
                settings,
                top(lines),
                lines,
                images.resolve("norms-groups-" + subject + ".png"));
    }

    private void growth(Subject subject) throws IOException {
        heading("fixed number of groups against a growing one, batch " + Experiment.GROUPS_BATCH, subject);
        header("equal in", List.of("fixed", "error", "growing", "error"));
        List<String> stages = List.of("the first stage", "the middle", "the last stage");
        int stage = 0;
        for (List<String> pair : Experiment.pairs(subject)) {
            out.printf(
                    "| %s | %s | %s | %s | %s |%n",
                    stages.get(stage++),
                    named(Norm.of(pair.get(0))),
                    group(subject, pair.get(0)),
                    named(Norm.of(pair.get(1))),
                    group(subject, pair.get(1)));
        }
    }

    private Figures group(Subject subject, String norm) throws IOException {
        return figures(seed -> Experiment.plain(subject, Norm.of(norm), Experiment.GROUPS_BATCH, scale, seed));
    }

    private void entrances() throws IOException {
        heading("entrance, batch " + Experiment.GROUPS_BATCH, Subject.UNET);
        header("norm of the input", List.of("after the first convolution", "3 channels", "1 channel"));
        entrance("none, images stretched before", Entrance.plain(Experiment.GROUP), true);
        for (Entrance entrance : Experiment.entrances(3)) {
            entrance(named(entrance.input()), entrance, false);
        }
    }

    private void entrance(String input, Entrance entrance, boolean stretched) throws IOException {
        List<Figures> figures = new ArrayList<>();
        for (int channels : List.of(3, 1)) {
            figures.add(figures(
                    seed -> Experiment.plain(Subject.UNET, Experiment.GROUP, Experiment.GROUPS_BATCH, scale, seed)
                            .withEntrance(entrance, channels, stretched)));
        }
        out.printf("| %s | %s | %s | %s |%n", input, named(entrance.first()), figures.get(0), figures.get(1));
    }

    private void serving() throws IOException {
        for (Subject subject : scale.subjects()) {
            List<Serving.Result> results = new ArrayList<>();
            for (long seed : scale.seeds()) {
                runs.served(subject, scale, seed).ifPresent(results::add);
            }
            if (!results.isEmpty()) {
                serving(subject, results);
            }
        }
    }

    private void serving(Subject subject, List<Serving.Result> results) {
        heading("served: " + results.get(0).images() + " images, " + results.size() + " seeds", subject);
        header("norm", List.of("seven mates", subject.score(), "decisions changed", "largest difference"));
        List<Serving.Row> first = results.get(0).rows();
        for (int i = 0; i < first.size(); i++) {
            int at = i;
            List<Serving.Row> rows =
                    results.stream().map(result -> result.rows().get(at)).toList();
            double score =
                    rows.stream().mapToDouble(Serving.Row::score).average().orElseThrow();
            long changed = rows.stream().mapToLong(Serving.Row::changed).sum();
            long decisions = rows.stream().mapToLong(Serving.Row::decisions).sum();
            double largest =
                    rows.stream().mapToDouble(Serving.Row::largest).max().orElseThrow();
            out.printf(
                    Locale.ROOT,
                    "| %s | %s | %.4f | %d of %d (%.3f %%) | %.2g |%n",
                    first.get(i).mode().toString().toLowerCase(Locale.ROOT).replace('_', ' '),
                    first.get(i).mates().toString().toLowerCase(Locale.ROOT),
                    score,
                    changed,
                    decisions,
                    100.0 * changed / decisions,
                    largest);
        }
        header("the product's own check", List.of("images", "failed", "largest difference"));
        for (Serving.Mode mode : Serving.Mode.values()) {
            List<Serving.Check> checks = results.stream()
                    .flatMap(result -> result.checks().stream())
                    .filter(check -> check.mode() == mode)
                    .toList();
            out.printf(
                    Locale.ROOT,
                    "| %s | %d | %d | %.2g |%n",
                    mode.toString().toLowerCase(Locale.ROOT).replace('_', ' '),
                    checks.stream().mapToInt(Serving.Check::images).sum(),
                    checks.stream().mapToInt(Serving.Check::failed).sum(),
                    checks.stream().mapToDouble(Serving.Check::largest).max().orElseThrow());
        }
    }

    private interface Recipes {
        TrialRecipe of(long seed);
    }

    private Figures figures(Recipes recipes) throws IOException {
        List<Double> errors = new ArrayList<>();
        int diverged = 0;
        for (long seed : scale.seeds()) {
            Optional<Trial.Outcome> outcome = runs.outcome(recipes.of(seed));
            if (outcome.isPresent()) {
                errors.add(1 - outcome.get().score());
                diverged += outcome.get().diverged() ? 1 : 0;
            }
        }
        return new Figures(errors, diverged);
    }

    /** A round number above the largest error; of those above 60 %, which would press the rest together, only the foot is drawn. */
    private static double top(Map<String, List<Figures>> lines) {
        double most = lines.values().stream()
                .flatMap(List::stream)
                .filter(figures -> !figures.errors().isEmpty())
                .mapToDouble(figures -> 100 * figures.most())
                .max()
                .orElse(100);
        return Math.min(60, 10 * Math.ceil(most / 10));
    }

    private void heading(String title, Subject subject) {
        out.printf("%n### %s: %s%n", titled(subject), title);
    }

    private void header(String first, List<String> others) {
        out.printf("%n| %s | %s |%n| --- |%s%n", first, String.join(" | ", others), " ---: |".repeat(others.size()));
    }

    private void row(String name, List<Figures> figures) {
        out.printf(
                "| %s | %s |%n",
                name, String.join(" | ", figures.stream().map(Figures::toString).toList()));
    }

    private static String titled(Subject subject) {
        return switch (subject) {
            case UNET -> "U-Net, nuclei";
            case RESNET -> "Residual network, blood cells";
            case FCOS -> "FCOS, blood cells";
        };
    }

    private static String named(Norm norm) {
        if (norm instanceof Norm.Group group) {
            return "GN, " + group.groups() + " groups";
        }
        if (norm instanceof Norm.GroupSize size) {
            return "GN, " + size.channelsOfGroup() + " channels a group";
        }
        return norm == Norm.NONE ? "none" : norm.text().toUpperCase(Locale.ROOT);
    }
}
