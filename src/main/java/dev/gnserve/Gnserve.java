package dev.gnserve;

import dev.gnserve.cli.GnserveCommand;

/** Entry of {@code gnserve.jar}: hands the arguments to the command line, which serves when no command is named. */
public final class Gnserve {

    private Gnserve() {}

    public static void main(String[] args) {
        GnserveCommand.main(args);
    }
}
