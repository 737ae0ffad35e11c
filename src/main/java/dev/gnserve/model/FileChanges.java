package dev.gnserve.model;

import static java.lang.System.Logger.Level.WARNING;

import dev.gnserve.batching.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Since when the files of models are as they are, from one look at the folder to the next. A change counts after the settle time: files
 * may be incomplete, and a volume may be away for a moment. Not thread-safe.
 */
final class FileChanges {

    private static final System.Logger LOG = System.getLogger(FileChanges.class.getName());

    private final Duration settle;
    private final Ticker ticker;
    private final Map<VersionKey, Seen> seen = new HashMap<>();
    private final Map<VersionKey, Long> missingSince = new HashMap<>();

    /** When the files of one version had this fingerprint first. */
    private record Seen(String fingerprint, long sinceNanos) {}

    FileChanges(Duration settle, Ticker ticker) {
        this.settle = settle;
        this.ticker = ticker;
    }

    /** Whether the files of a version have had this fingerprint for the settle time. */
    boolean isSettled(VersionKey key, String fingerprint) {
        long now = ticker.nanos();
        Seen before = seen.get(key);
        if (before == null || !before.fingerprint().equals(fingerprint)) {
            before = new Seen(fingerprint, now);
            seen.put(key, before);
        }
        return now - before.sinceNanos() >= settle.toNanos();
    }

    /** The folder could not be read. So the time for which files have been missing begins again. */
    void nothingIsMissing() {
        missingSince.clear();
    }

    /**
     * The models whose files are gone: at once if the model does not serve, and after the settle time if it does.
     *
     * @param listed what the folder holds now
     */
    List<LoadedModel> gone(List<LoadedModel> models, Map<VersionKey, ModelSource> listed) {
        seen.keySet().retainAll(listed.keySet());
        Set<String> unreadable = listed.values().stream()
                .filter(source -> !source.isReadable())
                .map(ModelSource::name)
                .collect(Collectors.toSet());
        List<LoadedModel> missing = models.stream()
                .filter(model -> !listed.containsKey(VersionKey.of(model.source())))
                .filter(model -> !unreadable.contains(model.name()))
                .toList();
        missingSince
                .keySet()
                .retainAll(missing.stream()
                        .map(model -> VersionKey.of(model.source()))
                        .toList());
        long now = ticker.nanos();
        List<LoadedModel> gone = new ArrayList<>();
        List<LoadedModel> newlyMissing = new ArrayList<>();
        for (LoadedModel model : missing) {
            Long since = missingSince.putIfAbsent(VersionKey.of(model.source()), now);
            if (!model.serves() || now - (since == null ? now : since) >= settle.toNanos()) {
                gone.add(model);
            } else if (since == null) {
                newlyMissing.add(model);
            }
        }
        if (!newlyMissing.isEmpty()) {
            LOG.log(
                    WARNING,
                    () -> "no longer in the models folder: " + newlyMissing + "; they are unloaded after "
                            + settle.toSeconds() + " s without their files");
        }
        return gone;
    }
}
