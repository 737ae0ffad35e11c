package dev.gnserve.process;

import static java.lang.System.Logger.Level.WARNING;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;

/**
 * Ends the process without running the destructors of native libraries. {@link System#exit} and {@link Runtime#halt} call C's
 * {@code exit}, which runs them while other threads may still use the libraries.
 */
public final class HardExit {

    private static final System.Logger LOG = System.getLogger(HardExit.class.getName());

    private HardExit() {}

    private interface CLibrary extends Library {
        void _exit(int status);
    }

    /** Ends the process at once; nothing is closed or flushed, and no hook runs. */
    public static void now(int status) {
        try {
            if (!Platform.isWindows()) {
                Native.load("c", CLibrary.class)._exit(status);
            }
        } catch (LinkageError | RuntimeException e) {
            LOG.log(WARNING, "the C function _exit cannot be called; the process may crash when it ends", e);
        } finally {
            Runtime.getRuntime().halt(status); // Also without memory for the above.
        }
    }
}
