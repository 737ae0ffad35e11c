package dev.gnserve.protocol;

import java.io.Serial;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.annotation.JsonDeserialize;

/**
 * The value of a parameter that other servers know and gnserve does not have. Reading one fails: a result without the parameter would
 * be another than the one that was asked for. There are no instances.
 */
@JsonDeserialize(using = Unsupported.Refusal.class)
final class Unsupported {

    private Unsupported() {}

    /** Refuses any value that has a meaning. */
    static final class Refusal extends ValueDeserializer<Unsupported> {

        /** Clients send 0 or an empty text for a request without a sequence. */
        private static final Set<String> NO_SEQUENCE = Set.of("0", "");

        @Override
        public @Nullable Unsupported deserialize(JsonParser parser, DeserializationContext context)
                throws JacksonException {
            String name = String.valueOf(parser.currentName());
            if (name.equals("sequence_id") && NO_SEQUENCE.contains(parser.getString())) {
                return null;
            }
            throw new Refused(
                    parser,
                    name.equals("sequence_id")
                            ? "models keep nothing from one request to the next. Send each request without sequence_id"
                            : "there is no shared memory. Send the tensor in the request");
        }
    }

    /** Its message is a sentence for the client. */
    static final class Refused extends DatabindException {

        @Serial
        private static final long serialVersionUID = 1L;

        Refused(JsonParser parser, String message) {
            super(parser, message);
        }
    }
}
