package dev.gnserve.image;

/**
 * How the values of a file became the samples of an image: a value is brought from 0..most to the range of 8 or 16 bits, and turned round
 * where white is zero.
 *
 * @param most greatest value that a sample can have in the file
 * @param whiteIsZero whether the samples are turned round
 */
record FileScale(int most, boolean whiteIsZero) {

    /** The value in the file. */
    float value(float sample, int maxSample) {
        int value = Math.round(sample * most / maxSample);
        return whiteIsZero ? most - value : value;
    }
}
