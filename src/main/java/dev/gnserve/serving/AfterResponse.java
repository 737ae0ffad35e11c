package dev.gnserve.serving;

import dev.gnserve.model.AfterResponseExecutor;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.stereotype.Component;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestContextHolder;

/** The end of a request as Spring tells it: when the response has been written. */
@Component
final class AfterResponse implements AfterResponseExecutor {

    private final AtomicLong number = new AtomicLong();

    @Override
    public void execute(Runnable work) {
        RequestAttributes request = RequestContextHolder.getRequestAttributes();
        if (request == null) {
            work.run();
        } else {
            String name = AfterResponse.class.getName() + number.incrementAndGet();
            request.registerDestructionCallback(name, work, RequestAttributes.SCOPE_REQUEST);
        }
    }
}
