package dev.gnserve.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Links between the documents. */
class LinksTest {

    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.+)$");

    @Test
    void everyLinkLeadsToAFileAndAHeadingThatAreThere() throws IOException {
        List<String> broken = new ArrayList<>();
        int links = 0;
        for (Path document : documents()) {
            Matcher matcher = LINK.matcher(withoutCode(document));
            while (matcher.find()) {
                String target = matcher.group(1);
                if (!target.contains("://") && !target.startsWith("mailto:")) {
                    links++;
                    if (!exists(document, target)) {
                        broken.add(document + " -> " + target);
                    }
                }
            }
        }

        assertThat(links).isGreaterThan(20);
        assertThat(broken).isEmpty();
    }

    @Test
    void everyDecisionIsInTheIndex() throws IOException {
        String index = Files.readString(Path.of("docs/decisions/README.md"));
        try (Stream<Path> records = Files.list(Path.of("docs/decisions"))) {
            assertThat(records.map(record -> record.getFileName().toString()).filter(name -> !name.equals("README.md")))
                    .isNotEmpty()
                    .allSatisfy(name -> assertThat(index).contains("(" + name + ")"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"docs", "docs/measurements"})
    void everyDocumentIsInTheIndex(String folder) throws IOException {
        Path docs = Path.of("docs");
        String index = Files.readString(docs.resolve("README.md"));
        try (Stream<Path> files = Files.list(Path.of(folder))) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> docs.relativize(file).toString())
                            .filter(name -> !name.equals("README.md")))
                    .isNotEmpty()
                    .allSatisfy(name -> assertThat(index).contains("(" + name + ")"));
        }
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>();
        for (Path root : List.of(Path.of("docs"), Path.of("helm"))) {
            try (Stream<Path> files = Files.walk(root)) {
                files.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
            }
        }
        try (Stream<Path> files = Files.list(Path.of(""))) {
            files.filter(file -> file.toString().endsWith(".md")).forEach(documents::add);
        }
        return documents;
    }

    /** Blocks of code show links that are none. */
    private static String withoutCode(Path document) throws IOException {
        return Files.readString(document)
                .replaceAll("(?ms)^```.*?^```", "")
                .replaceAll("(?m)^ {4}.*$", "")
                .replaceAll("`[^`\n]*`", "");
    }

    private static boolean exists(Path document, String target) throws IOException {
        int hash = target.indexOf('#');
        String file = hash < 0 ? target : target.substring(0, hash);
        Path parent = document.toAbsolutePath().getParent();
        Path path = file.isEmpty() ? document : parent.resolve(file).normalize();
        return Files.exists(path) && (hash < 0 || anchors(path).contains(target.substring(hash + 1)));
    }

    /** As GitHub makes them: lower case, without signs, with hyphens for blanks. */
    private static Set<String> anchors(Path document) throws IOException {
        Set<String> anchors = new HashSet<>();
        Matcher matcher = HEADING.matcher(Files.readString(document));
        while (matcher.find()) {
            anchors.add(matcher.group(1)
                    .strip()
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "")
                    .replace(' ', '-'));
        }
        return anchors;
    }
}
