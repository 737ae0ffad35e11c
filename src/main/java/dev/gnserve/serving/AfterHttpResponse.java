package dev.gnserve.serving;

import dev.gnserve.model.AfterResponseExecutor;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.stereotype.Component;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.context.request.RequestContextHolder;

/** Runs work when Spring ends a request, after its response has been sent. Thread-safe. */
@Component
final class AfterHttpResponse implements AfterResponseExecutor {

    private final AtomicLong number = new AtomicLong();

    @Override
    public void execute(Runnable work) {
        RequestAttributes request = RequestContextHolder.getRequestAttributes();
        if (request == null) {
            work.run();
        } else {
            String name = AfterHttpResponse.class.getName() + number.incrementAndGet();
            request.registerDestructionCallback(name, work, RequestAttributes.SCOPE_REQUEST);
        }
    }
}
