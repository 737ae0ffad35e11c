package dev.gnserve.process;

import static java.lang.System.Logger.Level.DEBUG;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import java.util.concurrent.ThreadFactory;

/**
 * Makes daemon threads that give way to all others.
 *
 * <p>Java's own priorities do nothing on Linux unless the JVM runs as root with a switch. Its scheduler does know a nice
 * value per thread, which everybody may raise: at {@value #NICE} a thread gets about a tenth of what another gets that
 * wants the same core, and all of an idle one. Elsewhere they are ordinary threads.
 */
public final class BackgroundThreads implements ThreadFactory {

    private static final System.Logger LOG = System.getLogger(BackgroundThreads.class.getName());

    private static final int NICE = 10;

    /** On Linux the "process" 0 is the calling thread. */
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
                    giveWay();
                    work.run();
                },
                name);
        thread.setDaemon(true);
        return thread;
    }

    private static void giveWay() {
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
