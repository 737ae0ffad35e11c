package dev.gnserve.process;

import static java.lang.System.Logger.Level.DEBUG;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import java.util.concurrent.ThreadFactory;

/**
 * Makes daemon threads of low priority. Thread-safe.
 *
 * <p>On Linux, Java's thread priorities have no effect unless the JVM runs as root with an option. But each thread has a nice value,
 * which any user may raise: with {@value #NICE}, a thread gets about a tenth of the time of another thread on the same core, and all of
 * an idle core. On other systems the threads have normal priority.
 */
public final class BackgroundThreads implements ThreadFactory {

    private static final System.Logger LOG = System.getLogger(BackgroundThreads.class.getName());

    private static final int NICE = 10;

    /** On Linux, "process" 0 is the calling thread. */
    private static final int PRIO_PROCESS = 0;

    private final String name;

    public BackgroundThreads(String name) {
        this.name = name;
    }

    private interface CLibrary extends Library {
        int setpriority(int which, int who, int nice);
    }

    @Override
    public Thread newThread(Runnable work) {
        Thread thread = new Thread(
                () -> {
                    lowerPriority();
                    work.run();
                },
                name);
        thread.setDaemon(true);
        return thread;
    }

    private static void lowerPriority() {
        if (!Platform.isLinux()) {
            return;
        }
        try {
            Native.load("c", CLibrary.class).setpriority(PRIO_PROCESS, 0, NICE);
        } catch (LinkageError | RuntimeException e) {
            LOG.log(DEBUG, "the nice value of a background thread cannot be raised", e);
        }
    }
}
