package dev.gnserve.trial;

import dev.gnserve.ModelsFolder;
import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.model.ModelSource;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** A model of the task tensors whose files are in memory. */
final class TestSource implements ModelSource {

    static final String MANIFEST = """
            task: tensors
            warmUp: {shapes: [[4]]}
            execution: {workers: 1}
            batching: {maxSize: 1}
            """;

    private final String name;
    private final byte[] archive;
    private final String manifest;

    TestSource(String name, byte[] archive, String manifest) {
        this.name = name;
        this.archive = archive;
        this.manifest = manifest;
    }

    /** A model of an archive among the test resources. */
    static TestSource of(String name, String resource) {
        return new TestSource(name, ModelsFolder.bytes(resource), MANIFEST);
    }

    ArchiveSnapshot read() {
        try {
            return snapshot();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String manifest() {
        return manifest;
    }

    @Override
    public String version() {
        return "1";
    }

    @Override
    public String location() {
        return "models/" + name;
    }

    @Override
    public InputStream open(String file) throws IOException {
        throw new FileNotFoundException(file);
    }

    @Override
    public InputStream openArchive() {
        return new ByteArrayInputStream(archive);
    }
}
