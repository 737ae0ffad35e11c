package dev.gnserve.workshop.training;

/**
 * One cycle of the learning rate (Smith 2018): a linear rise from a 25th of the peak, then a cosine down to almost nothing.
 *
 * @param steps length of the run
 */
record OneCycle(double peak, int steps) {

    private static final double RISE = 0.1;
    private static final double BEGIN = 1 / 25.0;
    private static final double END = 1e-3;

    /** The learning rate of a step, counted from 0. */
    double at(int step) {
        double progress = Math.min(1, step / (double) steps);
        if (progress < RISE) {
            return peak * (BEGIN + (1 - BEGIN) * progress / RISE);
        }
        double cosine = (1 + Math.cos(Math.PI * (progress - RISE) / (1 - RISE))) / 2;
        return peak * (END + (1 - END) * cosine);
    }
}
