package dev.gnserve.workshop.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;

/** Sends a picture by the plainest client, one thread and no other: what it needs is taken from the cores of the server. */
final class Post {

    private Post() {}

    /** So many connections stay open between requests. */
    static void keep(int connections) {
        System.setProperty("http.maxConnections", Integer.toString(connections));
    }

    /** The status of the answer, which is read to its end. */
    static int picture(URL url, byte[] picture) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "application/octet-stream");
        connection.setFixedLengthStreamingMode(picture.length);
        try (OutputStream body = connection.getOutputStream()) {
            body.write(picture);
        }
        int status = connection.getResponseCode();
        try (InputStream answer = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            if (answer != null) {
                answer.readAllBytes();
            }
        }
        return status;
    }
}
