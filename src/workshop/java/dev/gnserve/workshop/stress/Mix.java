package dev.gnserve.workshop.stress;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Clients that send pictures of a folder at random, each the next one when it has its answer. Every answer must be the one that the
 * picture had alone, or a refusal that the load explains.
 */
public final class Mix {

    /** Come back later; not now, the service stops; the deadline. */
    private static final Set<Integer> LOAD = Set.of(429, 503, 504);

    /** The detector's, from its model.yaml. */
    private static final double THRESHOLD = 0.55;

    private static final List<String> PATHS =
            List.of("v1/models/nuclei-unet-gn/segment", "v1/models/bloodcell-fcos-gn/detect");

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI server;
    private final List<Question> questions = new ArrayList<>();
    private final Map<Question, KnownAnswer> alone = new HashMap<>();
    private final Tally tally = new Tally();
    private final Map<String, Long> statuses = new TreeMap<>();

    private Mix(URI server) {
        this.server = server;
    }

    /**
     * What became of the requests.
     *
     * @param alone how many pictures had which status when they were sent alone
     * @param statuses how many answers had which status
     * @param wrong answers that differed from the one alone
     * @param lost requests without an answer
     * @param notes on the wrong and the lost ones
     */
    public record Report(
            Map<String, Long> alone, Map<String, Long> statuses, long wrong, long lost, List<String> notes) {}

    /** Asks for every picture alone, then for a mix of all. */
    public static Report run(URI server, List<Path> folders, int clients, Duration time, Consumer<String> progress)
            throws IOException, InterruptedException {
        Mix mix = new Mix(server);
        for (Path folder : folders) {
            mix.add(folder);
        }
        Map<String, Long> known = mix.learn(progress);
        mix.ask(clients, time);
        return new Report(
                known,
                mix.statuses,
                mix.tally.of(Tally.Outcome.WRONG),
                mix.tally.of(Tally.Outcome.LOST),
                mix.tally.notes());
    }

    private void add(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                byte[] body = Files.readAllBytes(file);
                for (String path : PATHS) {
                    questions.add(new Question(
                            file.getFileName() + " " + path,
                            path,
                            Map.of("Content-Type", "application/octet-stream"),
                            body,
                            false));
                }
            }
        }
        if (questions.isEmpty()) {
            throw new IOException("there are no files in " + folder);
        }
    }

    private Map<String, Long> learn(Consumer<String> progress) throws IOException, InterruptedException {
        Map<String, Long> counts = new TreeMap<>();
        for (Question question : questions) {
            HttpResponse<byte[]> response = http.send(question.request(server), BodyHandlers.ofByteArray());
            counts.merge(Integer.toString(response.statusCode()), 1L, Long::sum);
            progress.accept(response.statusCode() + " " + question.name());
            alone.put(question, KnownAnswer.of(response));
        }
        return counts;
    }

    private void ask(int clients, Duration time) throws InterruptedException {
        long until = System.nanoTime() + time.toNanos();
        List<Thread> threads = new ArrayList<>();
        for (int client = 0; client < clients; client++) {
            Random random = new Random(client);
            Thread thread = new Thread(() -> askUntil(until, random), "client-" + client);
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private void askUntil(long until, Random random) {
        while (System.nanoTime() < until) {
            Question question = questions.get(random.nextInt(questions.size()));
            try {
                judge(question, http.send(question.request(server), BodyHandlers.ofByteArray()));
            } catch (IOException e) {
                tally.count(question.name(), Tally.Outcome.LOST, String.valueOf(e));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void judge(Question question, HttpResponse<byte[]> response) {
        int status = response.statusCode();
        synchronized (statuses) {
            statuses.merge(Integer.toString(status), 1L, Long::sum);
        }
        KnownAnswer known = alone.get(question);
        if (LOAD.contains(status) || known == null) {
            tally.count(question.name(), Tally.Outcome.REFUSED);
            return;
        }
        KnownAnswer given = KnownAnswer.of(response);
        @Nullable String different = inAnyOrder(known).difference(inAnyOrder(given));
        // A problem names what is taken at that moment: its status is what must not change.
        if (different == null || (status >= 400 && status == known.status())) {
            tally.count(question.name(), Tally.Outcome.RIGHT);
        } else {
            tally.count(question.name(), Tally.Outcome.WRONG, different);
        }
    }

    /**
     * Detections by place, without those at the threshold: the engine adds up in another order in another batch, so scores differ in
     * their last bits, and equal ones change places.
     */
    private static KnownAnswer inAnyOrder(KnownAnswer answer) {
        if (answer.body() == null) {
            return answer;
        }
        JsonNode body = answer.body().deepCopy();
        for (JsonNode image : body.path("images")) {
            if (image instanceof ObjectNode object && image.path("detections") instanceof ArrayNode detections) {
                object.set("detections", JsonMapper.shared().valueToTree(settled(detections)));
            }
        }
        return new KnownAnswer(answer.status(), body, answer.bytes());
    }

    private static List<JsonNode> settled(ArrayNode detections) {
        return detections
                .valueStream()
                .filter(detection -> detection.path("score").asDouble() > THRESHOLD + 1e-3)
                .sorted(Comparator.comparingDouble(
                                (JsonNode one) -> Math.rint(one.at("/box/x").asDouble()))
                        .thenComparingDouble(one -> Math.rint(one.at("/box/y").asDouble())))
                .toList();
    }
}
