package dev.gnserve.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.comments.CommentLine;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** Every value is documented where it stands, used by a template, and listed in the chart's README. */
class ChartReadmeTest {

    private static final String BEGIN = "<!-- values: made from values.yaml by ChartReadmeTest -->\n";
    private static final String END = "<!-- end of values -->\n";

    /** A value with its comment; {@code text} is its default as YAML. */
    private record Value(String path, String text, String comment) {}

    @Test
    void everyValueIsDocumentedAndUsed() throws IOException {
        StringBuilder templates = new StringBuilder();
        try (Stream<java.nio.file.Path> files = Files.walk(Chart.FOLDER.resolve("templates"))) {
            for (java.nio.file.Path file : files.filter(Files::isRegularFile).toList()) {
                templates.append(Files.readString(file));
            }
        }

        List<Value> values = values();

        assertThat(values).hasSizeGreaterThan(40);
        for (Value value : values) {
            assertThat(value.comment()).as(value.path()).isNotEmpty();
            String name = value.path().substring(value.path().lastIndexOf('.') + 1);
            assertThat(templates.toString()).as(value.path()).containsPattern("\\." + name + "\\b");
        }
    }

    /** {@code -Dchart.write=true} writes the table instead. */
    @Test
    void theReadmeListsThem() throws IOException {
        java.nio.file.Path file = Chart.FOLDER.resolve("README.md");
        String readme = Files.readString(file);
        String before = readme.substring(0, readme.indexOf(BEGIN));
        String after = readme.substring(readme.indexOf(END));
        StringBuilder table = new StringBuilder("| value | default | what |\n| --- | --- | --- |\n");
        for (Value value : values()) {
            table.append("| %s | `%s` | %s |\n".formatted(value.path(), value.text(), value.comment()));
        }
        String expected = before + BEGIN + "\n" + table + "\n" + after;
        if (Boolean.getBoolean("chart.write")) {
            Files.writeString(file, expected);
        }

        assertThat(readme).as("run again with -Dchart.write=true").isEqualTo(expected);
    }

    private static List<Value> values() throws IOException {
        LoaderOptions options = new LoaderOptions();
        options.setProcessComments(true);
        List<Value> values = new ArrayList<>();
        try (var reader = Files.newBufferedReader(Chart.FOLDER.resolve("values.yaml"))) {
            collect("", (MappingNode) new Yaml(new SafeConstructor(options)).compose(reader), values);
        }
        return values;
    }

    private static void collect(String prefix, MappingNode mapping, List<Value> values) {
        for (NodeTuple tuple : mapping.getValue()) {
            String path = prefix + ((ScalarNode) tuple.getKeyNode()).getValue();
            String comment = comment(tuple.getKeyNode());
            if (comment.isEmpty() && tuple.getValueNode() instanceof MappingNode group) {
                collect(path + ".", group, values);
            } else {
                values.add(new Value(path, text(tuple.getValueNode()), comment));
            }
        }
    }

    private static String comment(Node node) {
        if (node.getBlockComments() == null) {
            return "";
        }
        for (CommentLine line : node.getBlockComments()) {
            if (line.getValue().startsWith(" -- ")) {
                return line.getValue().substring(4).replace("|", "\\|");
            }
        }
        return "";
    }

    private static String text(Node node) {
        if (node instanceof ScalarNode scalar) {
            return scalar.getValue().isEmpty() ? "\"\"" : scalar.getValue();
        }
        if (node instanceof SequenceNode sequence) {
            return "["
                    + String.join(
                            ", ",
                            sequence.getValue().stream()
                                    .map(ChartReadmeTest::text)
                                    .toList())
                    + "]";
        }
        return "{"
                + String.join(
                        ", ",
                        ((MappingNode) node)
                                .getValue().stream()
                                        .map(t -> text(t.getKeyNode()) + ": " + text(t.getValueNode()))
                                        .toList())
                + "}";
    }
}
