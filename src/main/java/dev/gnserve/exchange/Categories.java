package dev.gnserve.exchange;

import java.util.List;

/** The labels of a model with their numbers, from 0. */
record Categories(List<String> labels) {

    /**
     * The number of a label.
     *
     * @throws IllegalArgumentException for a label that is not among them
     */
    int number(String label) {
        int number = labels.indexOf(label);
        if (number < 0) {
            throw new IllegalArgumentException(
                    "the label \"" + label + "\" is not among " + labels + "; name all labels with --labels");
        }
        return number;
    }
}
