package dev.gnserve.trial;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Engine;
import dev.gnserve.backend.InferenceBackend;
import dev.gnserve.backend.PassMemory;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelSource;
import dev.gnserve.process.Allocator;
import dev.gnserve.process.BackgroundThreads;
import dev.gnserve.process.HardExit;
import java.io.DataInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The trial process: loads each archive that it is given exactly as the service would, says whether it serves, and goes on with the
 * next. It ends when its input ends, whatever the archive does at that time, so that it never outlives the service.
 */
public final class TrialWorker {

    private static final int UNABLE_EXIT = 3;

    private final String own;
    private final OutputStream out;
    private final LinkedBlockingQueue<Request> requests = new LinkedBlockingQueue<>();

    /** @param own token of replies that belong to no request */
    private TrialWorker(String own, OutputStream out) {
        this.own = own;
        this.out = out;
    }

    /**
     * Works until the input ends, and ends this process then.
     *
     * @param in a token, then requests
     * @param backend started on the first use
     */
    public static void run(InputStream in, OutputStream out, Supplier<InferenceBackend> backend) throws IOException {
        TrialWorker worker = new TrialWorker(new DataInputStream(in).readUTF(), out);
        // Threads that the engine makes inherit the priority: requests that are served come first.
        new BackgroundThreads("trial").newThread(() -> worker.work(backend)).start();
        worker.receive(in);
    }

    private void receive(InputStream in) {
        int status = 0;
        try {
            for (Request next = Request.read(in); next != null; next = Request.read(in)) {
                requests.add(next);
            }
        } catch (IOException e) {
            say(own, Reply.Kind.UNABLE, e.toString());
            status = UNABLE_EXIT;
        }
        HardExit.now(status);
    }

    private void work(Supplier<InferenceBackend> backend) {
        InferenceBackend started;
        try {
            started = backend.get();
        } catch (RuntimeException | Error e) {
            say(own, Reply.Kind.UNABLE, Objects.requireNonNullElse(Failure.reason(e), e.toString()));
            HardExit.now(UNABLE_EXIT);
            return;
        }
        say(own, Reply.Kind.READY, "");
        try {
            while (true) {
                attempt(started, requests.take());
            }
        } catch (InterruptedException e) {
            HardExit.now(0);
        }
    }

    /** Whatever happens here is the archive's doing. */
    private void attempt(InferenceBackend backend, Request request) {
        Engine engine = new Engine(
                new WatchedBackend(backend, kind -> say(request.token(), kind, "")),
                new PassMemory(request.passBytes()));
        String manifest = request.manifest();
        String refusal;
        try (ArchiveSnapshot archive = request.archive()) {
            refusal = manifest == null
                    ? load(backend, archive, request.token())
                    : LoadedModel.reasonAlone(new Received(request, manifest), engine);
        } catch (RuntimeException | Error e) {
            refusal = Objects.requireNonNullElse(Failure.reason(e), e.toString());
        }
        System.gc(); // The next archive must not pay for the memory of this one.
        Allocator.release();
        if (refusal == null) {
            say(request.token(), Reply.Kind.PASSED, "");
        } else {
            say(request.token(), Reply.Kind.REFUSED, refusal);
        }
    }

    private @Nullable String load(InferenceBackend backend, ArchiveSnapshot archive, String token) {
        say(token, Reply.Kind.LOADING, "");
        try (BackendModel model = backend.load(archive, BackendPlan.CPU)) {
            for (RepairedArchive.Replacement replacement : model.replacements()) {
                say(token, Reply.Kind.REPLACED, JsonMapper.shared().writeValueAsString(replacement));
            }
            return null;
        } catch (FailureException e) {
            return e.failure().detail();
        }
    }

    private void say(String token, Reply.Kind kind, String text) {
        try {
            synchronized (out) {
                out.write(new Reply(kind, text).line(token).getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        } catch (IOException e) {
            HardExit.now(UNABLE_EXIT); // The service is gone.
        }
    }

    /** A model whose files came with a request. */
    private record Received(Request request, String manifest) implements ModelSource {

        @Override
        public String name() {
            return request.name();
        }

        @Override
        public String version() {
            return request.version();
        }

        @Override
        public String location() {
            return request.location();
        }

        @Override
        public InputStream open(String file) throws IOException {
            throw new FileNotFoundException(file + " is not needed for loading");
        }

        @Override
        public InputStream openArchive() {
            return request.archive().newInputStream();
        }

        @Override
        public ArchiveSnapshot snapshot() {
            return request.archive();
        }
    }
}
