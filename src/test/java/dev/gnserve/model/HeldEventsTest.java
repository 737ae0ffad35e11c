package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeldEventsTest {

    @Test
    void eventsAreHeldUntilTheirReleaseAndKeepTheirOrder() {
        List<Object> heard = new ArrayList<>();
        HeldEvents[] events = new HeldEvents[1];
        events[0] = new HeldEvents(event -> {
            heard.add(event);
            if (event.equals("first")) {
                events[0].accept("while the first is heard");
            }
        });

        events[0].accept("first");
        events[0].accept("second");
        assertThat(heard).isEmpty();

        events[0].release();
        events[0].accept("last");
        events[0].release();

        assertThat(heard).containsExactly("first", "second", "while the first is heard", "last");
    }
}
