package dev.gnserve.process;

import static java.lang.System.Logger.Level.DEBUG;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;

/**
 * How much the process may still grow, by what the operating system counts and not by what was planned. The plan does not see what an
 * allocator keeps of memory that was given back. Thread-safe.
 */
public final class Headroom {

    private static final System.Logger LOG = System.getLogger(Headroom.class.getName());

    /** The part of the limit that stays free: pages of files that are in use, tables of the kernel, buffers of sockets. */
    private static final int RESERVE_SHARE = 16;

    private final long most;
    private final long process = ProcessHandle.current().pid();

    /** @param limit of the process, in bytes */
    public Headroom(long limit) {
        this.most = limit - limit / RESERVE_SHARE;
    }

    /** Whether the process may grow by so many bytes. If it may not, memory that the allocator keeps goes back to the system first. */
    public boolean holds(long bytes) {
        long missing = missing(bytes);
        if (missing <= 0) {
            return true;
        }
        Allocator.release();
        long after = missing(bytes);
        LOG.log(
                DEBUG,
                () -> "%,d MB were missing, and %,d MB after the allocator gave back what it kept"
                        .formatted(missing >> 20, Math.max(0, after) >> 20));
        return after <= 0;
    }

    /** The heap counts with all that it may take: requests fill it while a pass runs. */
    private long missing(long bytes) {
        MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        return ProcessMemory.own(process) + (heap.getMax() - heap.getCommitted()) + bytes - most;
    }
}
