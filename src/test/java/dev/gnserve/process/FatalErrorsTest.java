package dev.gnserve.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FatalErrorsTest {

    private final List<Integer> exits = new ArrayList<>();
    private final FatalErrors handler =
            new FatalErrors(thread -> thread.getName().contains("-exec-"), exits::add);

    @Test
    void anErrorThatEndsAThreadEndsTheProcess() throws InterruptedException {
        end("http-nio-8080-Poller", new OutOfMemoryError("unable to create native thread"));

        assertThat(exits).containsExactly(3);
    }

    @Test
    void anErrorThatEndsAThreadOfAPoolAndAnExceptionDoNot() throws InterruptedException {
        end("http-nio-8080-exec-1", new OutOfMemoryError("Java heap space"));
        end("timer", new IllegalStateException("a task failed"));

        assertThat(exits).isEmpty();
    }

    private void end(String thread, Throwable thrown) throws InterruptedException {
        Thread ending = new Thread(() -> FatalErrorsTest.<RuntimeException>raise(thrown), thread);
        ending.setUncaughtExceptionHandler(handler);
        ending.start();
        ending.join();
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void raise(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
