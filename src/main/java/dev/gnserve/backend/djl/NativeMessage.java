package dev.gnserve.backend.djl;

/** Shortens the engine's error messages to one readable line, without the C++ stack trace. */
final class NativeMessage {

    private static final int MOST_CHARACTERS = 400;

    private NativeMessage() {}

    static String of(Throwable thrown) {
        String message = thrown.getMessage();
        if (message == null || message.isBlank()) {
            return thrown.getClass().getSimpleName();
        }
        int stack = message.indexOf("\nException raised from");
        String text = (stack < 0 ? message : message.substring(0, stack)).strip();
        // The message of an error in the model's code is a traceback followed by the reason.
        int reason = text.lastIndexOf("RuntimeError: ");
        if (text.startsWith("The following operation failed") && reason >= 0) {
            text = text.substring(reason + "RuntimeError: ".length());
        }
        text = text.replaceAll("\\s+", " ");
        return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + " ...";
    }
}
