package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.model.Traffic.Shadow;
import dev.gnserve.model.TrafficRules.Candidate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which version answers. */
class TrafficRulesTest {

    @Test
    void yamlAndJsonSayTheSame() {
        Traffic expected = new Traffic("1", new Shadow("2", 0.1));

        assertThat(TrafficFile.read("default: 1\nshadow: {version: 2, share: 0.1}\n"))
                .isEqualTo(expected);
        assertThat(TrafficFile.read("{\"default\": \"1\", \"shadow\": {\"version\": \"2\", \"share\": 0.1}}"))
                .isEqualTo(expected);
        assertThat(TrafficFile.read("")).isEqualTo(Traffic.NEWEST);
        assertThat(TrafficFile.read("# nothing\n")).isEqualTo(Traffic.NEWEST);
        assertThat(TrafficFile.read("default: '1.10'").main()).isEqualTo("1.10");
        assertThat(TrafficFile.read("default: v2").main()).isEqualTo("v2");
    }

    @Test
    void aMistakeIsNamedWithItsField() {
        assertMistake("default: 1.10", "default is 1.1, expected is the name of a version's folder");
        assertMistake("default: [1]", "default is [1]");
        assertMistake("shadow: 2", "shadow is not a section");
        assertMistake("shadow: {version: 2}", "expected is {version: 2, share: 0.1}");
        assertMistake("shadow: {version: 2, share: 0}", "share is 0.0, allowed is above 0 to 1");
        assertMistake("shadow: {version: 2, share: 10%}", "expected is {version: 2, share: 0.1}");
        assertMistake("shadow: {version: 2, shares: 1}", "shadow.shares is not known");
        assertMistake("- 1", "it is not a section");
        assertMistake("default: {", "it is not YAML");
        assertMistake(
                "{default: 2, shadow: {version: 2, share: 1}}", "version 2 is the main version and its own shadow");
    }

    private static void assertMistake(String text, String message) {
        assertThatThrownBy(() -> TrafficFile.read(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aShadowIsNotTheNewestVersion() {
        Rules rules = new Rules("3", "2", "1");
        rules.file("shadow: {version: 3, share: 0.1}");
        assertThat(rules.chosen()).isEqualTo("2");
    }

    @Test
    void theVersionBeforeServesUntilTheNewOneIsReady() {
        Rules rules = new Rules("2", "1");
        rules.file("default: 1");
        rules.ready("1");
        rules.file("default: 2");
        assertThat(rules.chosen()).isEqualTo("1");

        rules.ready("2");
        assertThat(rules.chosen()).isEqualTo("2");
    }

    /** At a start, no version was the main one before. Another one than the file says must not answer. */
    @Test
    void noOtherVersionAnswersForOneThatIsNotReady() {
        Rules rules = new Rules("2", "1");
        rules.file("default: 1");
        rules.ready("2");

        assertThat(rules.chosen()).isEqualTo("1");
    }

    /** The repository says which ones there are. */
    @Test
    void aVersionThatDoesNotExistIsNotReplacedByAnother() {
        Rules rules = new Rules("2", "1");
        rules.ready("2");
        rules.file("default: 5");
        rules.file("default: 6");

        assertThat(rules.chosen()).isEqualTo("2");
        assertThat(new Rules("2", "1").file("default: 5").chosen()).isEqualTo("5");
    }

    @Test
    void aRequestHoldsUntilTheFileChanges() {
        Rules rules = new Rules("2", "1");
        rules.ready("1");
        rules.ready("2");
        rules.file("default: 1");
        rules.rules.set("m", new Traffic("2", null), rules.candidates());
        rules.read();
        assertThat(rules.chosen()).isEqualTo("2");

        rules.file("{default: 1, shadow: {version: 2, share: 1}}");
        assertThat(rules.chosen()).isEqualTo("1");
    }

    @Test
    void aFileThatCannotBeUsedChangesNothing() {
        Rules rules = new Rules("2", "1");
        rules.ready("1");
        rules.ready("2");
        rules.file("default: 1");
        rules.file("default: {");

        assertThat(rules.chosen()).isEqualTo("1");
    }

    /** The rules of one model "m" with a file. */
    private static final class Rules {

        private final Map<String, Boolean> versions = new LinkedHashMap<>();
        private String file = "";
        private final TrafficRules rules = new TrafficRules(new ModelSources() {
            @Override
            public List<ModelSource> list() {
                return List.of();
            }

            @Override
            public Traffic traffic(String name) {
                return TrafficFile.read(file);
            }
        });

        Rules(String... newestFirst) {
            for (String version : newestFirst) {
                versions.put(version, false);
            }
        }

        Rules file(String text) {
            file = text;
            read();
            return this;
        }

        void read() {
            rules.read("m", candidates());
        }

        void ready(String version) {
            versions.put(version, true);
        }

        String chosen() {
            return rules.main("m", candidates());
        }

        List<Candidate> candidates() {
            return versions.entrySet().stream()
                    .map(version -> new Candidate(version.getKey(), version.getValue()))
                    .toList();
        }
    }
}
