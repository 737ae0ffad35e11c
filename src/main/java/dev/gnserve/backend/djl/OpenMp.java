package dev.gnserve.backend.djl;

import static java.lang.System.Logger.Level.WARNING;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;

/**
 * Lets the threads of an OpenMP team spin for a moment where they wait for each other, and then sleep.
 *
 * <p>By default they spin for long. As soon as anything else wants the cores, decoding an image or another container, the
 * thread that the others wait for is not running, and they burn the very core it needs: a U-Net forward on two threads of a
 * crowded two-core machine then takes three to five times as long as when they sleep. But a forward pass has more than a hundred
 * barriers, most of which the other thread reaches within microseconds: going to sleep at each costs a quarter of the pass on
 * an idle machine. docs/measurements/benchmarks.md has the figures.
 *
 * <p>The OpenMP runtime (libgomp, which libtorch brings) reads its environment once, when the engine's libraries load. That
 * is why the variables are set from inside, before that: {@code java -jar} works as well as a container whose image sets
 * them. Whoever starts the process with {@code OMP_WAIT_POLICY} has the last word.
 */
final class OpenMp {

    private static final System.Logger LOG = System.getLogger(OpenMp.class.getName());

    /**
     * Turns of the waiting loop, a few ten microseconds. The policy {@code ACTIVE} is needed for it: under {@code PASSIVE},
     * libgomp does not spin as soon as the teams of all workers have more threads than there are cores, even if most of
     * them sleep.
     */
    private static final String SPINS = "1000";

    private OpenMp() {}

    private interface CLibrary extends Library {
        int setenv(String name, String value, int overwrite);
    }

    static void spinBriefly() {
        if (!Platform.isLinux() || System.getenv("OMP_WAIT_POLICY") != null) {
            return;
        }
        try {
            CLibrary c = Native.load("c", CLibrary.class);
            c.setenv("GOMP_SPINCOUNT", SPINS, 0);
            c.setenv("OMP_WAIT_POLICY", "ACTIVE", 0);
        } catch (LinkageError | RuntimeException e) {
            LOG.log(
                    WARNING,
                    () -> "threads that wait will spin for long, since GOMP_SPINCOUNT cannot be set from inside; set"
                            + " OMP_WAIT_POLICY=ACTIVE and GOMP_SPINCOUNT=" + SPINS + " in the environment, or see why"
                            + " JNA does not load: " + e);
        }
    }
}
