package dev.gnserve.backend.djl;

import static java.lang.System.Logger.Level.WARNING;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Platform;

/**
 * Makes OpenMP threads spin only briefly when they wait for each other, and then sleep.
 *
 * <p>By default they spin for long. When other work needs the cores, such as decoding an image, the spinning threads occupy the
 * core that the thread they wait for needs. A forward pass of a U-Net with two threads on a busy two-core machine then takes three
 * to five times as long as with sleeping threads. But a pass has more than a hundred barriers, and the other thread reaches most
 * of them within microseconds: sleeping at each barrier makes a pass a quarter slower on an idle machine. docs/measurements/benchmarks.md has
 * the figures.
 *
 * <p>The OpenMP runtime (libgomp, part of libtorch) reads its environment variables once, when the engine's libraries load. So the
 * process sets them itself before that. It leaves them alone if {@code OMP_WAIT_POLICY} is set.
 */
final class OpenMp {

    private static final System.Logger LOG = System.getLogger(OpenMp.class.getName());

    /**
     * Iterations of the waiting loop, some tens of microseconds. This needs the policy {@code ACTIVE}: with {@code PASSIVE},
     * libgomp does not spin at all once the process has more OpenMP threads than cores, even if most of them sleep.
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
                    () -> "waiting OpenMP threads will spin for long and slow down other work, because JNA cannot set"
                            + " GOMP_SPINCOUNT: " + e + ". Set OMP_WAIT_POLICY=ACTIVE and GOMP_SPINCOUNT=" + SPINS
                            + " in the environment");
        }
    }
}
