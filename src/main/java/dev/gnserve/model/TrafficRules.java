package dev.gnserve.model;

import static java.lang.System.Logger.Level.INFO;
import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.model.Traffic.Shadow;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Traffic} of each model: what its file says, or what a request said after the file. A new main version takes over when it
 * is ready; until then the one before it serves on. Thread-safe.
 */
final class TrafficRules {

    private static final System.Logger LOG = System.getLogger(TrafficRules.class.getName());

    /**
     * The rule of one model.
     *
     * @param file what the file said last
     * @param wanted by the file or by a request
     * @param before the version that was the main one before the last change; null if none was ready
     */
    private record Rule(
            Traffic file, Traffic wanted, @Nullable String before) {}

    private static final Rule NONE = new Rule(Traffic.NEWEST, Traffic.NEWEST, null);

    private final ModelSources sources;
    private final Map<String, Rule> rules = new ConcurrentHashMap<>();
    private final Map<String, String> unread = new ConcurrentHashMap<>();

    TrafficRules(ModelSources sources) {
        this.sources = sources;
    }

    /** One version of a model. */
    record Candidate(String version, boolean ready) {}

    /**
     * Reads the file of a model again. A file that cannot be read changes nothing; it is logged once.
     *
     * @param versions of the model, newest first
     */
    void read(String name, List<Candidate> versions) {
        try {
            Traffic file = sources.traffic(name);
            unread.remove(name);
            Rule rule = rule(name);
            if (!file.equals(rule.file())) {
                rules.put(name, new Rule(file, file, serving(name, versions)));
                LOG.log(INFO, "Traffic of model " + name + " from " + TrafficFile.NAME + ": " + describe(file));
                warnOfMissing(name, file.main(), versions);
            }
        } catch (IOException | IllegalArgumentException e) {
            String why = "The traffic of model " + name + " stays as it is, because its " + TrafficFile.NAME
                    + " cannot be used: " + e.getMessage();
            if (!why.equals(unread.put(name, why))) {
                LOG.log(WARNING, why);
            }
        }
    }

    /** Until the version comes, requests that name none are refused, or the version before answers them. */
    private static void warnOfMissing(String name, @Nullable String main, List<Candidate> versions) {
        boolean missing = main != null
                && !versions.isEmpty()
                && versions.stream().noneMatch(version -> version.version().equals(main));
        if (missing) {
            LOG.log(
                    WARNING,
                    "Model %s has no version %s yet, which %s names as the default; it has %s"
                            .formatted(
                                    name,
                                    main,
                                    TrafficFile.NAME,
                                    versions.stream().map(Candidate::version).toList()));
        }
    }

    /**
     * Sets the traffic of a model until its file changes.
     *
     * @param versions of the model, newest first
     */
    void set(String name, Traffic traffic, List<Candidate> versions) {
        rules.put(name, new Rule(rule(name).file(), traffic, serving(name, versions)));
        LOG.log(INFO, "Traffic of model " + name + " by request: " + describe(traffic));
    }

    Traffic of(String name) {
        return rule(name).wanted();
    }

    /**
     * The version that answers requests which name none, in any state. It need not exist.
     *
     * @param versions of the model, newest first; at least one
     */
    String main(String name, List<Candidate> versions) {
        Rule rule = rule(name);
        String wanted = rule.wanted().main();
        if (wanted == null) {
            return newest(versions, rule.wanted().shadow());
        }
        String before = rule.before();
        return before != null && !isReady(versions, wanted) && isReady(versions, before) ? before : wanted;
    }

    private Rule rule(String name) {
        return rules.getOrDefault(name, NONE);
    }

    private @Nullable String serving(String name, List<Candidate> versions) {
        String main = versions.isEmpty() ? null : main(name, versions);
        return main != null && isReady(versions, main) ? main : null;
    }

    private static boolean isReady(List<Candidate> versions, String version) {
        return versions.contains(new Candidate(version, true));
    }

    /** A shadow answers only if there is no other version. */
    private static String newest(List<Candidate> versions, @Nullable Shadow shadow) {
        List<Candidate> others = versions.stream()
                .filter(candidate -> shadow == null || !candidate.version().equals(shadow.version()))
                .toList();
        List<Candidate> candidates = others.isEmpty() ? versions : others;
        return candidates.stream()
                .filter(Candidate::ready)
                .findFirst()
                .orElse(candidates.get(0))
                .version();
    }

    private static String describe(Traffic traffic) {
        String main = traffic.main() == null ? "the newest version answers" : "version " + traffic.main() + " answers";
        Shadow shadow = traffic.shadow();
        return shadow == null
                ? main
                : "%s, version %s is its shadow for %s of the images".formatted(main, shadow.version(), shadow.share());
    }
}
