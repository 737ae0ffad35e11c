package dev.gnserve.trial;

import dev.gnserve.archive.RepairedArchive;
import java.time.Duration;
import java.util.List;

/** How one attempt at a trial ended. */
sealed interface Outcome {

    /** What happened and what to do, for the reason of the model. */
    String reason();

    /**
     * The archive can be loaded, or serves.
     *
     * @param replaced operators that the engine does not have, as far as the trial was asked for them
     */
    record Passed(List<RepairedArchive.Replacement> replaced) implements Outcome {

        public Passed {
            replaced = List.copyOf(replaced);
        }

        @Override
        public String reason() {
            return "it passed";
        }
    }

    /** The engine, or a check of the model, refuses the archive. */
    record Refused(String why) implements Outcome {

        @Override
        public String reason() {
            return why;
        }
    }

    /**
     * The archive was not done in its time.
     *
     * @param when as {@code while it was loaded}
     */
    record TooLong(Duration limit, String when) implements Outcome {

        @Override
        public String reason() {
            return ("it was tried in a separate process, which was ended after %d s %s: its code loops, or needs longer. Export a"
                            + " model whose code ends, or set a longer gnserve.trial.time")
                    .formatted(limit.toSeconds(), when);
        }
    }

    /**
     * The archive took more memory than it may.
     *
     * @param bytes the limit
     */
    record TooMuch(long bytes, String when) implements Outcome {

        @Override
        public String reason() {
            return ("it was tried in a separate process, which was ended when it had taken more than %,d MB of memory %s. Give"
                            + " model.yaml smaller warmUp shapes or batchSizes, give the service more memory, or export a smaller model")
                    .formatted(bytes >> 20, when);
        }
    }

    /**
     * The process ended under the archive.
     *
     * @param how as {@code signal 11 (SIGSEGV)}
     */
    record Died(String how, String when) implements Outcome {

        @Override
        public String reason() {
            String why = how.contains("SIGKILL") ? " (as a rule, the system does that when memory runs out)" : "";
            return ("it was tried in a separate process, which ended with %s%s %s. Export the model again; if that does not help,"
                            + " PyTorch cannot run it")
                    .formatted(how, why, when);
        }
    }

    /** Nothing was learned about the archive. */
    record NoTrial(String why) implements Outcome {

        @Override
        public String reason() {
            return "it cannot be tried in a separate process: " + why;
        }
    }

    /** Requests need the memory. */
    record GaveWay() implements Outcome {

        @Override
        public String reason() {
            return "requests needed the memory of its trial each time. Load the model again when there are fewer requests, or give"
                    + " the service more memory";
        }
    }

    record Closed() implements Outcome {

        @Override
        public String reason() {
            return "the service is being closed";
        }
    }
}
