package dev.gnserve.problem;

import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;

/** Tomcat's error report as a problem document. Public because Tomcat creates it by its name. */
public final class ProblemErrorReportValve extends ErrorReportValve {

    @Override
    protected void report(Request request, Response response, @Nullable Throwable throwable) {
        int status = response.getStatus();
        if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
            return;
        }
        HttpStatus known = HttpStatus.resolve(status) == null ? HttpStatus.BAD_REQUEST : HttpStatus.valueOf(status);
        Problem problem = ProblemKind.of(known)
                .occurrence(
                        "The web server refused the request before it reached the service: %d %s. Check the request"
                                        .formatted(status, known.getReasonPhrase())
                                + " line (percent-encode spaces and characters such as [ ] { } | in it) and the headers.",
                        RequestId.of(request));
        try {
            Problems.write(problem, request, response);
            response.finishResponse();
        } catch (IOException | IllegalStateException e) {
            // The connection is closed, or the response has already begun.
            getContainer().getLogger().debug("No error report could be written", e);
        }
    }
}
