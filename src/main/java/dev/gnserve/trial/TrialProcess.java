package dev.gnserve.trial;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A process that loads archives, one after the other. Its owner is one thread, which closes it. */
interface TrialProcess extends AutoCloseable {

    /** Starts such processes. */
    @FunctionalInterface
    interface Launcher {

        /**
         * Starts one.
         *
         * @throws IOException if the system starts none
         */
        TrialProcess start() throws IOException;
    }

    /** Begins to send a request; returns at once. */
    void send(Request request);

    /** The next reply to the last request, or to none before the first; null if none came in this time. */
    @Nullable
    Reply await(Duration time);

    /** How the process ended, as {@code signal 11 (SIGSEGV)}; null while it lives. */
    @Nullable
    String end();

    /** What it wrote last that was no reply, for messages. */
    String lastWords();

    /** How long it waited for a processor since the last request was sent; zero where that is not known. */
    Duration waited();

    /** Bytes of memory that it has for itself; 0 where that is not known. */
    long memory();

    /**
     * Has the system refuse memory to the process beyond a limit, where it can. It counts memory that is reserved and not used, too: the
     * limit is for what grows faster than {@link #memory} is looked at.
     */
    void limitMemory(long bytes);

    /** Ends the process and waits until it has ended. */
    @Override
    void close();
}
