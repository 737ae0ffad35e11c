package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import jakarta.servlet.ServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * The heap for the outputs of one request with tensors, which are all kept until its response is sent. It is taken from the
 * {@link UploadBudget} and belongs to the share of the request's body, so it is given back with that, however the request ends. For one
 * thread.
 */
public final class OutputHeap {

    /** For outputs that count elsewhere. */
    public static final OutputHeap UNCOUNTED = new OutputHeap(null);

    private final @Nullable Share body;
    private long bytes;
    private long taken;

    OutputHeap(@Nullable Share body) {
        this.body = body;
    }

    /** That of a request; without a limit if it did not come through {@link UploadValve}. */
    public static OutputHeap of(ServletRequest request) {
        return new OutputHeap(Share.ofBody(request));
    }

    /**
     * Outputs have arrived. The first ones take room for those that follow, too: of two large requests, one waits at its beginning, and
     * neither fails in its middle.
     *
     * @param more bytes of them
     * @param expected bytes of those that follow, as far as is known
     * @throws dev.gnserve.failure.FailureException UPLOAD_TOO_LARGE if the outputs are more than all requests may keep; OVERLOADED if
     *     their room is not free in time
     */
    public void add(long more, long expected) {
        if (body == null) {
            return;
        }
        bytes += more;
        long most = body.most() * UploadBudget.HEAP_PER_BYTE;
        if (bytes > most) {
            throw Failure.of(
                            FailureCode.UPLOAD_TOO_LARGE,
                            ("the outputs of the request have more than %,d bytes, which is what all requests may keep: three times"
                                            + " gnserve.limits.max-upload-size-in-flight. Send fewer or smaller items per request, or raise the property")
                                    .formatted(most))
                    .asException();
        }
        long wanted = Math.min(most, bytes + expected) / UploadBudget.HEAP_PER_BYTE;
        if (wanted > taken) {
            body.growBy(wanted - taken);
            taken = wanted;
        }
    }
}
