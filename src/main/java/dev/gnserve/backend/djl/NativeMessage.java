package dev.gnserve.backend.djl;

/** Makes the engine's messages readable: the first lines that say what is wrong, without the C++ stack. */
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
        // An error inside the model ends with the Python-like traceback and then the reason.
        int reason = text.lastIndexOf("RuntimeError: ");
        if (text.startsWith("The following operation failed") && reason >= 0) {
            text = text.substring(reason + "RuntimeError: ".length());
        }
        text = text.replaceAll("\\s+", " ");
        return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + " ...";
    }
}
