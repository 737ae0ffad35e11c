package dev.gnserve.trial;

import static java.lang.System.Logger.Level.DEBUG;

import dev.gnserve.process.ProcessMemory;
import dev.gnserve.process.ProcessorWait;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The trial process as a child of this one. */
final class ChildProcess implements TrialProcess {

    private static final System.Logger LOG = System.getLogger(ChildProcess.class.getName());

    /** Longer lines are no replies; the code of an archive may print anything. */
    private static final int MOST_LINE_BYTES = 1 << 14;

    /** What Java adds to the number of a signal. */
    private static final int SIGNALLED = 128;

    private static final int ABORT = 6;

    private static final String GPU = "GPU";

    /** What a JVM writes before it aborts. */
    private static final Pattern CRASH = Pattern.compile("#\\s+(SIG[A-Z]+) \\((0x[0-9a-f]+)\\).*");

    private static final List<String> SIGNALS = List.of(
            "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
            "ALRM", "TERM");

    private static final String NO_MEMORY = "insufficient memory for the Java Runtime Environment";

    private static final Duration LONGEST_END = Duration.ofSeconds(10);

    private final Process process;

    /** The driver of a GPU reserves more memory than there is. */
    private final boolean limitable;

    private final LinkedBlockingQueue<Reply> replies = new LinkedBlockingQueue<>();
    private final String own = Request.newToken();
    private volatile String token = own;
    private ProcessorWait waitedBefore = ProcessorWait.of(0); // of the owner's thread
    private volatile String lastWords = "";
    private volatile @Nullable String crash;

    private ChildProcess(Process process, boolean limitable) {
        this.process = process;
        this.limitable = limitable;
    }

    /**
     * Starts the trial process.
     *
     * @param arguments of this program
     * @throws IOException if the system starts none
     */
    static ChildProcess start(List<String> arguments) throws IOException {
        ChildProcess child = new ChildProcess(ChildJvm.start(arguments), !arguments.contains(GPU));
        try {
            ProcessMemory.endFirst(child.process.pid());
            child.thread("model-trial-output", child::listen);
            child.write(out -> new DataOutputStream(out).writeUTF(child.own));
            return child;
        } catch (RuntimeException | Error e) {
            child.process.destroyForcibly();
            throw e;
        }
    }

    private void thread(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void send(Request request) {
        replies.clear();
        token = request.token();
        waitedBefore = ProcessorWait.of(process.pid());
        write(request::writeTo);
    }

    @FunctionalInterface
    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** On a thread: the process may read slowly or not at all. */
    private void write(Content content) {
        thread("model-trial-input", () -> {
            try {
                synchronized (process) {
                    content.writeTo(process.getOutputStream());
                    process.getOutputStream().flush();
                }
            } catch (IOException | RuntimeException e) {
                LOG.log(DEBUG, () -> "an archive does not reach the trial process", e);
                process.destroyForcibly();
            }
        });
    }

    private void listen() {
        try (InputStream in = new BufferedInputStream(process.getInputStream())) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int next = in.read(); next >= 0; next = in.read()) {
                if (next == '\n') {
                    heard(line.toString(StandardCharsets.UTF_8).strip());
                    line.reset();
                } else if (line.size() < MOST_LINE_BYTES) {
                    line.write(next);
                }
            }
        } catch (IOException e) {
            LOG.log(DEBUG, "the trial process has ended", e);
        }
    }

    private void heard(String line) {
        Reply reply = Reply.parse(token, line);
        if (reply == null) {
            reply = Reply.parse(own, line);
        }
        Matcher crashed = CRASH.matcher(line);
        if (reply != null) {
            replies.add(reply);
        } else if (crashed.matches()) {
            crash = "signal " + Integer.decode(crashed.group(2)) + " (" + crashed.group(1) + ")";
        } else if (line.contains(NO_MEMORY)) {
            crash = "a lack of memory";
        } else if (!line.isEmpty()) {
            lastWords = line;
        }
    }

    @Override
    public @Nullable Reply await(Duration time) {
        try {
            return replies.poll(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    @Override
    public @Nullable String end() {
        if (process.isAlive()) {
            return null;
        }
        int exit = process.exitValue();
        int signal = exit - SIGNALLED;
        String seen = crash;
        if (seen != null && (signal == ABORT || exit == 1)) {
            return seen;
        }
        return signal > 0 && signal < SIGNALS.size()
                ? "signal " + signal + " (SIG" + SIGNALS.get(signal) + ")"
                : "exit code " + exit;
    }

    @Override
    public String lastWords() {
        return lastWords;
    }

    @Override
    public Duration waited() {
        return ProcessorWait.of(process.pid()).since(waitedBefore);
    }

    @Override
    public long memory() {
        return ProcessMemory.own(process.pid());
    }

    @Override
    public void limitMemory(long bytes) {
        if (limitable) {
            ProcessMemory.limit(process.pid(), bytes);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(LONGEST_END.toNanos(), TimeUnit.NANOSECONDS)) {
                LOG.log(DEBUG, () -> "the trial process " + process.pid() + " does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
