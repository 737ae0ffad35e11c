package dev.gnserve.connection;

import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.coyote.ActionCode;
import org.apache.coyote.Adapter;
import org.apache.coyote.Request;
import org.apache.coyote.Response;
import org.apache.tomcat.util.net.SocketEvent;

/**
 * Closes a connection whose body has not been read to its end when the request has ended. Tomcat itself would read the rest, without a
 * limit of time. What is worth waiting for has been read before (UploadValve).
 */
record UnreadBodies(Adapter next) implements Adapter {

    @Override
    public void service(Request request, Response response) throws Exception {
        next.service(request, response);
        if (!is(ActionCode.ASYNC_IS_ASYNC, request) && !is(ActionCode.REQUEST_BODY_FULLY_READ, request)) {
            request.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
        }
    }

    private static boolean is(ActionCode question, Request request) {
        AtomicBoolean answer = new AtomicBoolean();
        request.action(question, answer);
        return answer.get();
    }

    @Override
    public boolean prepare(Request request, Response response) throws Exception {
        return next.prepare(request, response);
    }

    @Override
    public boolean asyncDispatch(Request request, Response response, SocketEvent status) throws Exception {
        return next.asyncDispatch(request, response, status);
    }

    @Override
    public void log(Request request, Response response, long time) {
        next.log(request, response, time);
    }

    @Override
    public void checkRecycled(Request request, Response response) {
        next.checkRecycled(request, response);
    }

    @Override
    public String getDomain() {
        return next.getDomain();
    }
}
