package dev.gnserve.trial;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.model.ModelSource;
import java.io.IOException;
import java.io.InputStream;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An archive that waits for its trial. */
final class Candidate {

    /** The order of trials: by how often they were too long, then by the loops of the code, then by size, then by arrival. */
    static final Comparator<Candidate> ORDER = Comparator.comparing(Candidate::round)
            .thenComparing(candidate -> candidate.loops)
            .thenComparingLong(candidate -> candidate.archive.size())
            .thenComparingLong(candidate -> candidate.number);

    private final String name;
    private final String version;
    private final String location;
    private final @Nullable String manifest;
    private final ArchiveSnapshot archive;
    private final Consumer<String> whenPostponed;
    private final TorchScriptArchive.Loops loops;
    private final long number;
    private final CompletableFuture<List<RepairedArchive.Replacement>> verdict = new CompletableFuture<>();
    private TrialRound round = TrialRound.FIRST; // changes while the candidate is in no queue
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
        this.loops = archive.torchScript().loops();
        this.number = number;
    }

    /**
     * A model that is loaded as it would serve.
     *
     * @throws IOException if its {@code model.yaml} cannot be read
     */
    static Candidate of(ModelSource source, ArchiveSnapshot archive, Consumer<String> whenPostponed, long number)
            throws IOException {
        return new Candidate(
                source.name(), source.version(), source.location(), source.manifest(), archive, whenPostponed, number);
    }

    /** An archive that is loaded and nothing more. */
    static Candidate of(ArchiveSnapshot archive, long number) {
        return new Candidate(archive.name(), "1", archive.name(), null, archive, why -> {}, number);
    }

    /** @param passBytes memory that its passes may take together */
    Request request(long passBytes) {
        return new Request(Request.newToken(), name, version, location, passBytes, manifest, archive);
    }

    /** Whether the archive is to serve, and not only to be loaded. */
    boolean serves() {
        return manifest != null;
    }

    /** Completes with the operators that were replaced when the archive passes; else exceptionally, with why it does not. */
    CompletableFuture<List<RepairedArchive.Replacement>> verdict() {
        return verdict;
    }

    /** False once its model was closed: nothing waits for the verdict. */
    boolean isWanted() {
        try (InputStream in = archive.newInputStream()) {
            return in.read() >= 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** The round in which its next trial is. */
    TrialRound round() {
        return round;
    }

    /** Puts its next trial into a later round. */
    void postpone(TrialRound next, String why) {
        if (round == TrialRound.FIRST) {
            whenPostponed.accept(why);
        }
        round = next;
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
