package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A model whose files are in memory, and whose readings are counted. Its archive is no TorchScript. Thread-safe. */
final class FakeSource implements ModelSource {

    static final String MANIFEST = """
            task: tensors
            execution: {workers: 1}
            batching: {maxSize: 1}
            warmUp: {shapes: [[2]]}
            """;

    /** Runs at some moment of the reading. */
    @FunctionalInterface
    interface Moment {
        void pass() throws IOException;
    }

    private final String name;
    private final AtomicInteger archivesOpened = new AtomicInteger();
    private final List<ArchiveSnapshot> snapshots = new CopyOnWriteArrayList<>();
    private volatile String manifest = MANIFEST;
    private volatile boolean readable = true;
    private final AtomicInteger edition = new AtomicInteger();
    private volatile Moment whenArchiveIsOpened = () -> {};
    private volatile Moment whenFingerprintIsTaken = () -> {};
    private volatile Moment whenManifestIsRead = () -> {};

    FakeSource(String name) {
        this.name = name;
    }

    FakeSource manifest(String yaml) {
        manifest = yaml;
        return this;
    }

    FakeSource unreadable() {
        readable = false;
        return this;
    }

    FakeSource whenArchiveIsOpened(Moment moment) {
        whenArchiveIsOpened = moment;
        return this;
    }

    FakeSource whenFingerprintIsTaken(Moment moment) {
        whenFingerprintIsTaken = moment;
        return this;
    }

    FakeSource whenManifestIsRead(Moment moment) {
        whenManifestIsRead = moment;
        return this;
    }

    /** The files are others now. */
    void change() {
        edition.incrementAndGet();
    }

    int archivesOpened() {
        return archivesOpened.get();
    }

    /** Every snapshot that was handed out. */
    List<ArchiveSnapshot> snapshots() {
        return snapshots;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public String location() {
        return name;
    }

    @Override
    public boolean isReadable() {
        return readable;
    }

    @Override
    public String fingerprint() throws IOException {
        whenFingerprintIsTaken.pass();
        return "edition " + edition.get();
    }

    @Override
    public String manifest() throws IOException {
        whenManifestIsRead.pass();
        return manifest;
    }

    @Override
    public InputStream open(String file) throws IOException {
        throw new FileNotFoundException(file);
    }

    @Override
    public InputStream openArchive() throws IOException {
        archivesOpened.incrementAndGet();
        whenArchiveIsOpened.pass();
        return new ByteArrayInputStream(new byte[] {1, 2, 3});
    }

    @Override
    public ArchiveSnapshot snapshot() throws IOException {
        ArchiveSnapshot snapshot = ModelSource.super.snapshot();
        snapshots.add(snapshot);
        return snapshot;
    }
}
