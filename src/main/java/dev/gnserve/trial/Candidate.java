package dev.gnserve.trial;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An archive that waits for its trial. */
final class Candidate {

    /**
     * The order of trials: first those that were not too long before, then those whose code has no open loops, then the small ones, then
     * the order of arrival.
     */
    static final Comparator<Candidate> ORDER = Comparator.comparing(Candidate::isPostponed)
            .thenComparing(candidate -> candidate.hasOpenLoops)
            .thenComparingLong(candidate -> candidate.archive.size())
            .thenComparingLong(candidate -> candidate.number);

    private final String name;
    private final String version;
    private final String location;
    private final @Nullable String manifest;
    private final ArchiveSnapshot archive;
    private final Consumer<String> whenPostponed;
    private final boolean hasOpenLoops;
    private final long number;
    private final CompletableFuture<List<RepairedArchive.Replacement>> verdict = new CompletableFuture<>();
    private boolean isPostponed; // changes while the candidate is in no queue
    private int gaveWay;

    private Candidate(
            String name,
            String version,
            String location,
            @Nullable String manifest,
            ArchiveSnapshot archive,
            Consumer<String> whenPostponed,
            long number) {
        this.name = name;
        this.version = version;
        this.location = location;
        this.manifest = manifest;
        this.archive = archive;
        this.whenPostponed = whenPostponed;
        this.hasOpenLoops = archive.torchScript().hasOpenLoops();
        this.number = number;
    }

    /** A model that is loaded as it would serve. */
    static Candidate of(ModelSource source, ArchiveSnapshot archive, Consumer<String> whenPostponed, long number) {
        try {
            return new Candidate(
                    source.name(),
                    source.version(),
                    source.location(),
                    source.manifest(),
                    archive,
                    whenPostponed,
                    number);
        } catch (IOException e) {
            throw new UncheckedIOException("model.yaml of " + source.location() + " cannot be read", e);
        }
    }

    /** An archive that is loaded and nothing more. */
    static Candidate of(ArchiveSnapshot archive, long number) {
        return new Candidate(archive.name(), "1", archive.name(), null, archive, why -> {}, number);
    }

    Request request() {
        return new Request(Request.newToken(), name, version, location, manifest, archive);
    }

    /** Whether the archive is to serve, and not only to be loaded. */
    boolean serves() {
        return manifest != null;
    }

    /** Completes with the operators that were replaced when the archive passes; else exceptionally, with why it does not. */
    CompletableFuture<List<RepairedArchive.Replacement>> verdict() {
        return verdict;
    }

    /** Whether its next trial comes after those of all others, and may take longer. */
    boolean isPostponed() {
        return isPostponed;
    }

    void postpone(String why) {
        isPostponed = true;
        whenPostponed.accept(why);
    }

    /** How often its trial gave way to requests, this time included. */
    int giveWay() {
        return ++gaveWay;
    }

    @Override
    public String toString() {
        return "model " + name + " version " + version;
    }
}
