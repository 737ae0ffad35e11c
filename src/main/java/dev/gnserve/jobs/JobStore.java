package dev.gnserve.jobs;

import dev.gnserve.failure.MisconfiguredException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Jobs on disk, a folder for each:
 *
 * <pre>
 * ID/request.json   what was asked; there when the job was accepted
 * ID/upload         the body of the request, until the job is finished
 * ID/answer         the body of the answer; of no meaning without outcome.json
 * ID/runs           a byte for each run that has begun and not ended; those of earlier processes ended with them
 * ID/outcome.json   how it ended; there when the job is finished
 * </pre>
 *
 * <p>A job is accepted, finished and deleted by one rename each, after what it refers to has reached the disk. So a process that is killed
 * leaves a job before or after such a step. Folders are readable by the user of the process only. Thread-safe; one process may have a folder
 * open.
 */
final class JobStore implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(JobStore.class);

    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");
    private static final String INCOMING = ".new-";
    private static final String DELETED = ".old-";
    private static final String REQUEST = "request.json";
    private static final String OUTCOME = "outcome.json";
    private static final String RUNS = "runs";

    private static final JsonMapper JSON = new JsonMapper();

    private final Path dir;
    private final long maxBytes;
    private final FileChannel lockFile;
    private final AtomicLong usedBytes = new AtomicLong();

    private JobStore(Path dir, long maxBytes, FileChannel lockFile) {
        this.dir = dir;
        this.maxBytes = maxBytes;
        this.lockFile = lockFile;
    }

    /** There is no room for more bytes. */
    static final class FullException extends IOException {

        private static final long serialVersionUID = 1L;

        FullException(long used, long more, long max) {
            super(("the uploads and answers of jobs have %,d bytes; with these %,d they would exceed the limit of %,d"
                            + " (gnserve.jobs.max-bytes). Delete jobs whose results you have, or try again when some have expired.")
                    .formatted(used, more, max));
        }
    }

    /**
     * Opens a folder, and makes it if there is none.
     *
     * @throws MisconfiguredException if it cannot be written, or another process has it open
     */
    static JobStore open(Path dir, long maxBytes) {
        try {
            Files.createDirectories(dir);
            FileChannel lockFile =
                    FileChannel.open(dir.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!isLocked(lockFile)) {
                lockFile.close();
                throw new MisconfiguredException("gnserve.jobs.dir is " + dir
                        + ", which another process has open. Give each process a folder of its own");
            }
            return new JobStore(dir, maxBytes, lockFile);
        } catch (IOException e) {
            throw new MisconfiguredException(
                    "gnserve.jobs.dir is " + dir + ", which is not a folder that this process can write (" + e
                            + "). Name or mount one that it can write",
                    e);
        }
    }

    private static boolean isLocked(FileChannel file) throws IOException {
        try {
            FileLock lock = file.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false; // By this process.
        }
    }

    /** All jobs of the folder, the oldest first. Removes what was never accepted, or deleted. Names broken folders in the log. */
    List<Job> load() throws IOException {
        List<Path> folders;
        try (Stream<Path> entries = Files.list(dir)) {
            folders = entries.filter(Files::isDirectory).toList();
        }
        List<Job> jobs = new ArrayList<>();
        for (Path folder : folders) {
            String name = folder.getFileName().toString();
            if (name.startsWith(INCOMING) || name.startsWith(DELETED)) {
                removeTree(folder);
            } else {
                Job job = read(name, folder);
                if (job != null) {
                    jobs.add(job);
                }
            }
        }
        jobs.sort(Comparator.comparing(job -> job.request().submitted()));
        return jobs;
    }

    private @Nullable Job read(String name, Path folder) {
        try {
            if (!ID.matcher(name).matches()) {
                throw new IOException("its name is no id of a job");
            }
            StoredRequest request = JSON.readValue(Files.readAllBytes(folder.resolve(REQUEST)), StoredRequest.class);
            if (!Files.exists(folder.resolve(OUTCOME))) {
                requireSize(folder.resolve("upload"), request.bytes());
                usedBytes.addAndGet(request.bytes());
                return new Job(name, request, cutOff(folder), null);
            }
            JobOutcome outcome = JSON.readValue(Files.readAllBytes(folder.resolve(OUTCOME)), JobOutcome.class);
            Files.deleteIfExists(folder.resolve("upload"));
            if (outcome.status() != 0) {
                requireSize(folder.resolve("answer"), outcome.bytes());
            } else {
                Files.deleteIfExists(folder.resolve("answer"));
            }
            usedBytes.addAndGet(outcome.bytes());
            return new Job(name, request, 0, outcome);
        } catch (IOException | JacksonException e) {
            log.warn("The folder {} is no whole job and is left as it is: {}", folder, e.toString());
            return null;
        }
    }

    private static void requireSize(Path file, long expected) throws IOException {
        long size = Files.size(file);
        if (size != expected) {
            throw new IOException("%s has %,d bytes, expected are %,d".formatted(file.getFileName(), size, expected));
        }
    }

    /**
     * Keeps a new job. When this returns, it outlives the process.
     *
     * @param id 32 hexadecimal digits
     * @throws FullException if there is no room
     */
    Job create(String id, StoredRequest request, byte[] upload) throws IOException {
        reserve(upload.length);
        Path incoming = null;
        try {
            incoming = Files.createTempDirectory(dir, INCOMING);
            write(incoming.resolve("upload"), upload);
            write(incoming.resolve(REQUEST), JSON.writeValueAsBytes(request));
            sync(incoming);
            Files.move(incoming, folder(id), StandardCopyOption.ATOMIC_MOVE);
            sync(dir);
            return new Job(id, request, 0, null);
        } catch (IOException | RuntimeException e) {
            release(upload.length);
            if (incoming != null) {
                removeTree(incoming);
            }
            throw e;
        }
    }

    Path upload(Job job) {
        return folder(job.id()).resolve("upload");
    }

    Path answer(Job job) {
        return folder(job.id()).resolve("answer");
    }

    /** The body of an answer on its way to the disk. For one thread. */
    final class Answer extends OutputStream {

        private final OutputStream file;
        private long bytes;
        private @Nullable IOException failure;

        private Answer(Path path) throws IOException {
            this.file = Files.newOutputStream(path);
        }

        long bytes() {
            return bytes;
        }

        /** Why the answer is not whole, also if its writer took that for a client who went away; null if it is whole. */
        @Nullable
        IOException failure() {
            return failure;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] values, int offset, int length) throws IOException {
            try {
                reserve(length);
                bytes += length;
                file.write(values, offset, length);
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    private static int cutOff(Path folder) throws IOException {
        Path runs = folder.resolve(RUNS);
        return Files.exists(runs) ? (int) Files.size(runs) : 0;
    }

    /** Notes on disk that a run begins, for the case that the process ends in it. */
    void runBegins(Job job) throws IOException {
        write(folder(job.id()).resolve(RUNS), new byte[job.cutOff() + 1]);
    }

    /** Takes the note back, unless the folder belongs to another process already. */
    void runEnds(Job job) {
        Path runs = folder(job.id()).resolve(RUNS);
        if (!lockFile.isOpen() || !Files.exists(runs)) {
            return;
        }
        try {
            Files.write(runs, new byte[job.cutOff()]);
        } catch (IOException e) {
            log.debug("The end of a run of job {} cannot be noted", job.id(), e);
        }
    }

    /** A new answer in place of an earlier one. Either its job is finished with it, or it is dropped. */
    Answer startAnswer(Job job) throws IOException {
        return new Answer(answer(job));
    }

    /** Removes an answer that its job is not finished with. A second call does nothing. */
    void drop(Job job, Answer answer) {
        release(answer.bytes);
        answer.bytes = 0;
        remove(answer(job));
    }

    /**
     * Keeps the end of a job, unless it is finished already. When this returns true, the end outlives the process.
     *
     * @return whether this is its end
     */
    boolean finish(Job job, JobOutcome outcome) throws IOException {
        synchronized (job) {
            if (job.outcome() != null) {
                return false;
            }
            Path folder = folder(job.id());
            if (outcome.status() != 0) {
                sync(folder.resolve("answer"));
            }
            Path part = folder.resolve(OUTCOME + ".part");
            write(part, JSON.writeValueAsBytes(outcome));
            Files.move(part, folder.resolve(OUTCOME), StandardCopyOption.ATOMIC_MOVE);
            sync(folder);
            job.finish(outcome);
        }
        remove(upload(job));
        release(job.request().bytes());
        return true;
    }

    /** Deletes a finished job. */
    void delete(Job job) {
        JobOutcome outcome = job.outcome();
        removeFolder(job);
        release(outcome == null ? 0 : outcome.bytes());
    }

    /** Deletes the folder of a job whose end cannot be written: it must not run again after a restart. */
    void abandon(Job job) {
        removeFolder(job);
        release(job.request().bytes());
    }

    private void removeFolder(Job job) {
        Path deleted = dir.resolve(DELETED + job.id());
        try {
            Files.move(folder(job.id()), deleted, StandardCopyOption.ATOMIC_MOVE);
            removeTree(deleted);
        } catch (NoSuchFileException e) {
            log.debug("The folder of job {} is deleted already", job.id());
        } catch (IOException e) {
            log.warn("The job {} cannot be deleted from {}: {}", job.id(), dir, e.toString());
        }
    }

    long usedBytes() {
        return usedBytes.get();
    }

    private Path folder(String id) {
        return dir.resolve(id);
    }

    private void reserve(long more) throws FullException {
        long used = usedBytes.addAndGet(more);
        if (used > maxBytes) {
            release(more);
            throw new FullException(used - more, more, maxBytes);
        }
    }

    private void release(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    private static void write(Path file, byte[] content) throws IOException {
        Files.write(file, content);
        sync(file);
    }

    /** Has the content of a file, or the names in a folder, reach the disk. */
    private static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void removeTree(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(JobStore::remove);
        } catch (IOException e) {
            log.warn("{} cannot be removed: {}", folder, e.toString());
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (NoSuchFileException e) {
            log.debug("{} is removed already", file);
        } catch (IOException e) {
            log.warn("{} cannot be removed: {}", file, e.toString());
        }
    }

    /** Lets another process open the folder. */
    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
