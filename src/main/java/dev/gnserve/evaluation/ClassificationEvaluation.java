package dev.gnserve.evaluation;

import dev.gnserve.classification.ClassificationTask;
import dev.gnserve.classification.LabelScore;
import dev.gnserve.image.Overlay;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.OutputSpec.Decoder;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * Judges a classifier on a table of files and labels (CSV), or on a folder with one folder of images for each label. The labels exclude each
 * other.
 */
public final class ClassificationEvaluation {

    private static final Evaluation.Diagram CALIBRATION = new Evaluation.Diagram(
            "Part that is right over the score of the best label", "score", "part that is right");

    private ClassificationEvaluation() {}

    /**
     * Evaluates a model.
     *
     * @param data table with the columns {@code file} and {@code label}, or folder of folders
     * @param folder of the files of the table
     * @param withWorst whether the images that are most surely wrong are kept
     * @param progress is told the number of images done
     * @throws IllegalArgumentException if the data does not go with the model
     */
    public static Evaluation<ClassificationReport> run(
            ModelSource source, Path data, Path folder, boolean withWorst, IntConsumer progress) throws IOException {
        ModelManifest manifest = ManifestReader.read(source.manifestLocation(), source.manifest());
        if (manifest.labels().isEmpty()) {
            throw new IllegalArgumentException(
                    "a model with several heads cannot be measured; measure it with one head");
        }
        if (manifest.output().decoder() == Decoder.SIGMOID) {
            throw new IllegalArgumentException(
                    "the labels of the model do not exclude each other (decoder: sigmoid), and the data has one label for an image");
        }
        Map<Path, Integer> truth =
                Files.isDirectory(data) ? ofFolders(data, manifest.labels()) : ofTable(data, folder, manifest.labels());
        WorstImages worst = new WorstImages(withWorst);
        try (EvaluatedModel model = EvaluatedModel.open(source)) {
            List<String> labels = manifest.labels();
            ClassificationTask task = new ClassificationTask(labels.size());
            Classified classified = new Classified(labels);
            for (Map.Entry<Path, Integer> one : truth.entrySet()) {
                ClassificationTask.Ranked ranked = model.find(task, one.getKey());
                List<LabelScore> scores = ranked.labels() == null ? List.of() : ranked.labels();
                classified.add(
                        one.getValue(),
                        scores.stream()
                                .map(score -> labels.indexOf(score.label()))
                                .toList(),
                        scores.get(0).score());
                String right = labels.get(one.getValue());
                double scoreOfRight = scores.stream()
                        .filter(score -> score.label().equals(right))
                        .mapToDouble(LabelScore::score)
                        .sum();
                worst.offer(
                        String.valueOf(one.getKey().getFileName()),
                        scoreOfRight,
                        "%s (%.3f), found %s (%.3f)"
                                .formatted(
                                        right,
                                        scoreOfRight,
                                        scores.get(0).label(),
                                        scores.get(0).score()),
                        () -> new Overlay(ranked.image()).toPng());
                progress.accept(classified.count());
            }
            return new Evaluation<>(
                    classified.report(source.name(), source.version(), data.toString()),
                    CALIBRATION,
                    List.of(classified.calibration()),
                    worst.list());
        }
    }

    private static Map<Path, Integer> ofFolders(Path data, List<String> labels) throws IOException {
        Map<Path, Integer> truth = new TreeMap<>();
        try (Stream<Path> folders = Files.list(data)) {
            for (Path folder : folders.filter(Files::isDirectory).sorted().toList()) {
                int label = label(String.valueOf(folder.getFileName()), labels, folder.toString());
                try (Stream<Path> files = Files.list(folder)) {
                    files.filter(Files::isRegularFile)
                            .filter(file -> !String.valueOf(file.getFileName()).startsWith("."))
                            .forEach(file -> truth.put(file, label));
                }
            }
        }
        if (truth.isEmpty()) {
            throw new IllegalArgumentException(data + " has no folder of images for a label");
        }
        return truth;
    }

    static Map<Path, Integer> ofTable(Path table, Path folder, List<String> labels) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(table);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(table + " is not UTF-8; save it as UTF-8", e);
        }
        List<String> header = lines.isEmpty() ? List.of() : cells(withoutMark(lines.get(0)));
        int file = header.indexOf("file");
        int label = header.indexOf("label");
        if (file < 0 || label < 0) {
            throw new IllegalArgumentException(table + " has not both columns file and label in its first line");
        }
        Map<Path, Integer> truth = new TreeMap<>();
        for (int i = 1; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            List<String> cells = cells(lines.get(i));
            String where = "line " + (i + 1) + " of " + table;
            if (cells.size() <= Math.max(file, label)) {
                throw new IllegalArgumentException(where + " has no file or no label");
            }
            Path image = folder.resolve(cells.get(file));
            if (!Files.isRegularFile(image)) {
                throw new IllegalArgumentException(
                        image + " is not there; " + where + " names it. Say with --images where the images are");
            }
            Integer before = truth.put(image, label(cells.get(label), labels, where));
            if (before != null) {
                throw new IllegalArgumentException(where + " names " + image + " again");
            }
        }
        if (truth.isEmpty()) {
            throw new IllegalArgumentException(table + " names no image");
        }
        return truth;
    }

    /** Spreadsheets begin UTF-8 with a byte order mark. */
    private static String withoutMark(String line) {
        return line.startsWith("\uFEFF") ? line.substring(1) : line;
    }

    private static int label(String name, List<String> labels, String where) {
        int label = labels.indexOf(name);
        if (label < 0) {
            throw new IllegalArgumentException(
                    "%s has the label \"%s\", and the model has the labels %s".formatted(where, name, labels));
        }
        return label;
    }

    /** The cells of a line by RFC 4180, without line breaks in quotes. */
    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char next = line.charAt(i);
            if (next == '"') {
                if (quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                    cell.append('"');
                    i++;
                } else {
                    quoted = !quoted;
                }
            } else if (next == ',' && !quoted) {
                cells.add(cell.toString().strip());
                cell.setLength(0);
            } else {
                cell.append(next);
            }
        }
        cells.add(cell.toString().strip());
        return cells;
    }
}
