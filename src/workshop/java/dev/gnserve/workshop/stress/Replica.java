package dev.gnserve.workshop.stress;

/**
 * One replica as a queue: requests come at random (a Poisson process), each keeps it busy for the same time, and one is
 * served after the other. That is M/D/1, whose mean wait is known (Pollaczek and Khinchine): rho s / (2 (1 - rho)), where s is the
 * time of one request and rho the share of time that it is busy. Batches are not part of it: on a processor an image of a
 * batch costs nearly what an image alone does.
 *
 * @param capacity requests per second at most
 */
public record Replica(double capacity) {

    public Replica {
        if (!(capacity > 0)) {
            throw new IllegalArgumentException("capacity is " + capacity + ", allowed is above 0");
        }
    }

    /** Mean time in the queue in seconds, of requests at this rate; infinite from the capacity on. */
    public double meanWait(double perSecond) {
        double busy = perSecond / capacity;
        return busy < 1 ? busy / capacity / (2 * (1 - busy)) : Double.POSITIVE_INFINITY;
    }

    /** Requests per second at which the mean wait is this many seconds. */
    public double rateFor(double meanWait) {
        return capacity * 2 * meanWait / (1 / capacity + 2 * meanWait);
    }

    /** How many such replicas keep the mean wait at this many seconds or less, when requests are dealt out at random. */
    public int replicasFor(double perSecond, double meanWait) {
        return (int) Math.ceil(perSecond / rateFor(meanWait));
    }
}
