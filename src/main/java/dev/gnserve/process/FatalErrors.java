package dev.gnserve.process;

import static java.lang.System.Logger.Level.ERROR;

import java.util.function.IntConsumer;
import java.util.function.Predicate;

/**
 * Ends the process when an {@link Error} ends a thread that has no replacement. For example, a web server that has lost the thread that
 * accepts connections, or the one that reads them, keeps its port open and never answers. An exit lets the orchestrator start another
 * process. Other exceptions that end a thread are logged.
 */
public final class FatalErrors implements Thread.UncaughtExceptionHandler {

    /** The exit code. The JVM's own {@code -XX:+ExitOnOutOfMemoryError} uses it, too. */
    public static final int EXIT_CODE = 3;

    private static final System.Logger LOG = System.getLogger(FatalErrors.class.getName());

    private final Predicate<? super Thread> isReplaced;
    private final IntConsumer exit;

    FatalErrors(Predicate<? super Thread> isReplaced, IntConsumer exit) {
        this.isReplaced = isReplaced;
        this.exit = exit;
    }

    /**
     * Handles what ends a thread of this process that has no handler.
     *
     * @param isReplaced whether a thread belongs to a pool that replaces it
     */
    public static void endTheProcess(Predicate<? super Thread> isReplaced) {
        Thread.setDefaultUncaughtExceptionHandler(new FatalErrors(isReplaced, HardExit::now));
    }

    @Override
    public void uncaughtException(Thread thread, Throwable thrown) {
        boolean isFatal = thrown instanceof Error && !isReplaced.test(thread);
        try {
            String end = isFatal ? "The process cannot serve without it and exits with code " + EXIT_CODE + "." : "";
            LOG.log(ERROR, "Thread \"" + thread.getName() + "\" has ended. " + end, thrown);
        } finally {
            if (isFatal) {
                exit.accept(EXIT_CODE);
            }
        }
    }
}
