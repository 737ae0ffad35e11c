package dev.gnserve.workshop.stress;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Clients that each send the next request when they have their answer: what a server can do, without a queue that grows. */
record ClosedLoop(HttpClient http, URI server, Question question) {

    /** Right answers per second of so many clients. */
    double run(int clients, Duration time) {
        long end = System.nanoTime() + time.toNanos();
        List<CompletableFuture<Integer>> all = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            all.add(again(end, 0));
        }
        int answers = all.stream().mapToInt(CompletableFuture::join).sum();
        return answers / (time.toNanos() / 1e9);
    }

    private CompletableFuture<Integer> again(long end, int answers) {
        HttpRequest request = question.request(server);
        return http.sendAsync(request, BodyHandlers.ofByteArray()).thenCompose(response -> {
            if (System.nanoTime() >= end) {
                return CompletableFuture.completedFuture(answers);
            }
            return again(end, response.statusCode() == 200 ? answers + 1 : answers);
        });
    }
}
