package dev.gnserve.workshop.training;

/**
 * What normalizes where a network begins.
 *
 * @param input of the input itself, with its one to three channels: {@code ln} and {@code in} make an image independent of its exposure
 * @param first after the first convolution
 */
public record Entrance(Norm input, Norm first) {

    /** The input as it is, and the norm of all other layers after the first convolution. */
    public static Entrance plain(Norm norm) {
        return new Entrance(Norm.NONE, norm);
    }
}
