package dev.gnserve.workshop.stress;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** What a server tells Prometheus. Thread-safe. */
public final class Meters {

    private final HttpClient http = HttpClient.newHttpClient();
    private final HttpRequest scrape;

    /** Of the server at this address. */
    public Meters(URI server) {
        this.scrape =
                HttpRequest.newBuilder(server.resolve("/actuator/prometheus")).build();
    }

    /** The value of a meter now, summed over its series; 0 where there is none. */
    public double sum(String name) throws IOException, InterruptedException {
        return http.send(scrape, BodyHandlers.ofLines())
                .body()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** Resident memory of the server's process in MB, as the kernel counts it. */
    double residentMegabytes() throws IOException, InterruptedException {
        return sum("gnserve_process_resident_bytes") / (1 << 20);
    }
}
