package dev.gnserve.badinput;

import dev.gnserve.badinput.BadInput.Then;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sends bytes that no HTTP client would send, and reads all that comes back until the server closes the connection. */
final class RawHttp {

    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.1 (\\d{3}) ?[^\r\n]*\r\n");

    private static final int PATIENCE_MILLIS = 60_000;
    private static final int NOW_AND_THEN_MILLIS = 300;

    private RawHttp() {}

    /**
     * What came back.
     *
     * @param statuses of all answers, those of 100-continue left out
     * @param text everything, in Latin-1
     */
    record Answer(List<Integer> statuses, String text) {

        /** What stands behind the headers of the last answer. */
        String body() {
            return text.substring(text.indexOf("\r\n\r\n", Math.max(0, text.lastIndexOf("HTTP/1.1 "))) + 4);
        }
    }

    /** One conversation. */
    static Answer send(int port, byte[] request, Then then) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            try {
                socket.getOutputStream().write(request);
                switch (then) {
                    case IS_SILENT -> {}
                    case ENDS -> socket.shutdownOutput();
                    case SENDS_A_BYTE_NOW_AND_THEN -> trickle(socket, all, false);
                    case NEVER_STOPS_SENDING -> trickle(socket, all, true);
                }
                socket.getInputStream().transferTo(all);
            } catch (SocketException e) {
                // Reset by a server that had seen enough; what it said before that counts.
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String text = all.toString(StandardCharsets.ISO_8859_1);
        List<Integer> statuses = new ArrayList<>();
        Matcher matcher = STATUS_LINE.matcher(text);
        while (matcher.find()) {
            int status = Integer.parseInt(matcher.group(1));
            if (status != 100) {
                statuses.add(status);
            }
        }
        return new Answer(statuses, text);
    }

    /**
     * Sends a byte whenever nothing comes, for as long as a client may wait.
     *
     * @param always until the connection is closed; otherwise until something comes back
     */
    private static void trickle(Socket socket, ByteArrayOutputStream answer, boolean always) throws IOException {
        socket.setSoTimeout(NOW_AND_THEN_MILLIS);
        for (int waited = 0; waited < PATIENCE_MILLIS; ) {
            try {
                int next = socket.getInputStream().read();
                if (next >= 0) {
                    answer.write(next);
                }
                if (next < 0 || !always) {
                    socket.setSoTimeout(PATIENCE_MILLIS);
                    return;
                }
            } catch (SocketTimeoutException e) {
                socket.getOutputStream().write(' ');
                waited += NOW_AND_THEN_MILLIS;
            }
        }
        throw new AssertionError("the connection is still open after %d ms".formatted(PATIENCE_MILLIS));
    }
}
