package dev.gnserve.engine;

import static java.lang.System.Logger.Level.WARNING;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;

/**
 * Makes the threads of an OpenMP team sleep where they wait for each other.
 *
 * <p>By default they spin. As soon as anything else wants the cores, decoding an image or another container, the thread
 * that the others wait for is not running, and they burn the very core it needs: a U-Net forward on two threads of a
 * crowded two-core machine then takes 2 s, and 0.1 s when they sleep. On an idle machine sleeping costs a few percent.
 *
 * <p>The OpenMP runtime reads its environment once, when the engine's libraries load. That is why the variable is set
 * from inside, before that: {@code java -jar} works as well as a container whose image sets it. Whoever starts the
 * process with {@code OMP_WAIT_POLICY} has the last word.
 */
final class OpenMp {

    private static final System.Logger LOG = System.getLogger(OpenMp.class.getName());

    private OpenMp() {}

    private interface CLibrary extends Library {
        int setenv(String name, String value, int overwrite);
    }

    static void sleepWhileWaiting() {
        if (!Platform.isLinux()) {
            return;
        }
        try {
            CLibrary c = Native.load("c", CLibrary.class);
            c.setenv("OMP_WAIT_POLICY", "PASSIVE", 0);
        } catch (LinkageError | RuntimeException e) {
            LOG.log(
                    WARNING,
                    () -> "threads that wait will spin, since OMP_WAIT_POLICY cannot be set from inside; set"
                            + " OMP_WAIT_POLICY=PASSIVE in the environment, or see why JNA does not load: " + e);
        }
    }
}
