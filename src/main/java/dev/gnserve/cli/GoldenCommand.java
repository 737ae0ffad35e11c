package dev.gnserve.cli;

import dev.gnserve.GnserveApplication;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.Golden;
import dev.gnserve.model.InvalidManifestException;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelLease;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.ModelState;
import dev.gnserve.pipeline.GoldenImage;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.pipeline.VolumeGolden;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "golden",
        description = {
            "Compares what a model answers for its golden image with the recorded answer, or records the answer.",
            "Of a model of volumes, compares its outputs for the golden tensor with the expected ones.",
            "Exit code 0: the answers agree, or the answer was recorded. 1: they differ, or the model does not run. 2: misuse."
        })
final class GoldenCommand implements Callable<Integer> {

    /** The file that --record writes into the folder of the version. */
    private static final String EXPECTED = "golden.json";

    private static final float TOLERANCE = 0.02f;

    @Parameters(paramLabel = "MODEL", description = "Folder of a model.")
    @SuppressWarnings("NullAway.Init")
    private String model;

    @Option(names = "--model-version", paramLabel = "VERSION", description = "Default: the newest version.")
    private @Nullable String version;

    @Option(
            names = "--record",
            description = "Write the answer into " + EXPECTED
                    + " in the folder of the version, and golden into its model.yaml if it is not there.")
    private boolean record;

    @Option(
            names = "--image",
            paramLabel = "FILE",
            description = "The golden image, where model.yaml names none. --record copies it.")
    private @Nullable Path image;

    @Option(
            names = "--picture",
            paramLabel = "FILE.png",
            description =
                    "Write a picture of the difference: what is missing in one colour, what was not expected in another.")
    private @Nullable Path picture;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** The JSON output. */
    private record Result(
            String model, String version, @Nullable String difference, boolean recorded) {}

    @Override
    public Integer call() {
        try {
            return run();
        } catch (FailureException e) {
            spec.commandLine().getErr().println(model + ": " + e.failure().detail());
        } catch (IOException e) {
            spec.commandLine().getErr().println(model + ": " + e.getMessage());
        } catch (JacksonException e) {
            spec.commandLine()
                    .getErr()
                    .println(model + ": the recorded answer is not JSON; record it again with --record");
        }
        return 1;
    }

    private int run() throws IOException {
        if (!NamedModel.isFolder(model)) {
            throw new ParameterException(spec.commandLine(), model + " is not the folder of a model");
        }
        ModelSource source = NamedModel.find(model, version, spec);
        ModelManifest described = ManifestReader.read(source.manifestLocation(), source.manifest());
        Golden golden = described.golden();
        boolean volumes = described.input().volume() != null;
        if (volumes) {
            requireTensors(source, golden);
        }
        if (golden == null && (image == null || !record)) {
            throw new ParameterException(
                    spec.commandLine(),
                    source.manifestLocation() + " names no golden image. Record one with --record --image FILE");
        }
        if (golden != null && image != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    source.manifestLocation() + " names the golden image " + golden.image()
                            + ". Leave out --image, or change model.yaml");
        }
        String manifest = golden == null ? changed(Path.of(source.manifestLocation()), name(image)) : null;
        Upload upload = golden == null
                ? new Upload(name(image), Files.readAllBytes(Objects.requireNonNull(image)))
                : new Upload(golden.image(), bytes(source, golden.image()));
        try (ConfigurableApplicationContext context = start(source)) {
            ModelRepository repository = context.getBean(ModelRepository.class);
            repository.loaded().join();
            try (ModelLease lease = repository.lease(source.name(), source.version())) {
                LoadedModel served = lease.model();
                if (served.state() != ModelState.READY) {
                    spec.commandLine().getErr().println(served + ": " + served.reason());
                    return 1;
                }
                if (volumes) {
                    return print(
                            source,
                            VolumeGolden.forCommands().difference(served, served, Objects.requireNonNull(golden)));
                }
                GoldenImage images = context.getBean(GoldenImage.class);
                JsonNode given = images.result(served.manifest(), served, upload);
                return record
                        ? recorded(source, golden, manifest, upload, given)
                        : compared(images, served.manifest(), source, golden, upload, given);
            }
        }
    }

    private ConfigurableApplicationContext start(ModelSource source) {
        Path folder = Path.of(source.location());
        return new SpringApplicationBuilder(GnserveApplication.class)
                .web(WebApplicationType.NONE)
                // Nothing else is served that an archive could harm.
                .properties("gnserve.trial.enabled=false")
                .profiles(GoldenImage.UNCHECKED)
                .bannerMode(Banner.Mode.OFF)
                .logStartupInfo(false)
                .run(
                        "--gnserve.models-dir=" + folder.getParent(),
                        "--gnserve.models=" + source.name(),
                        "--logging.config=classpath:logback-command.xml");
    }

    private int compared(
            GoldenImage images,
            ModelManifest manifest,
            ModelSource source,
            @Nullable Golden known,
            Upload upload,
            JsonNode given)
            throws IOException {
        Golden golden = Objects.requireNonNull(known);
        byte[] expected = bytes(source, golden.expected());
        String difference = images.difference(expected, given, golden.tolerance());
        if (picture != null) {
            byte[] png = images.picture(manifest, upload, expected, given, golden.tolerance());
            if (png == null) {
                spec.commandLine().getErr().println("There is no picture: the answer has no place in the image.");
            } else {
                Files.write(picture, png);
            }
        }
        return print(source, difference);
    }

    /** What is expected of a model of volumes is computed elsewhere. */
    private void requireTensors(ModelSource source, @Nullable Golden golden) {
        if (record || picture != null || image != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "the model takes volumes, and --record, --image and --picture are for models of images");
        }
        if (golden == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    source.manifestLocation()
                            + " names no golden tensors; write golden: {image: INPUT.npy, expected: OUTPUT.npy} into it");
        }
    }

    private int print(ModelSource source, @Nullable String difference) {
        print(new Result(source.name(), source.version(), difference, false));
        return difference == null ? 0 : 1;
    }

    /**
     * The text of model.yaml with a golden image.
     *
     * @throws ParameterException if model.yaml cannot name this image, or if its form is another one
     */
    private String changed(Path manifest, String image) throws IOException {
        String changed = withGolden(Files.readString(manifest), image);
        String why = "";
        try {
            Golden written = ManifestReader.read(manifest.toString(), changed).golden();
            if (written != null && written.image().equals(image)) {
                return changed;
            }
        } catch (InvalidManifestException e) {
            why = ": " + e.getMessage();
        }
        throw new ParameterException(
                spec.commandLine(),
                "%s is not changed, because with golden at its end it could not be read%s. Name another image, or write golden into it by hand"
                        .formatted(manifest, why));
    }

    /** A text of model.yaml with a golden image at its end. */
    static String withGolden(String text, String image) {
        return text
                + (text.isEmpty() || text.endsWith("\n") ? "" : "\n")
                + "golden: {image: %s, expected: %s, tolerance: %s}%n"
                        .formatted(JsonMapper.shared().writeValueAsString(image), EXPECTED, TOLERANCE);
    }

    /** @param changed the text of model.yaml with golden; null if it is there already */
    private int recorded(
            ModelSource source, @Nullable Golden golden, @Nullable String changed, Upload upload, JsonNode given)
            throws IOException {
        Path folder = Path.of(source.location());
        String answer = JsonMapper.shared().writeValueAsString(Map.of("images", List.of(given)));
        Path own = folder.resolve(source.version());
        Files.writeString(own.resolve(golden == null ? EXPECTED : golden.expected()), answer, StandardCharsets.UTF_8);
        if (changed != null) {
            Path manifest = Path.of(source.manifestLocation());
            Files.write(manifest.resolveSibling(upload.name()), upload.bytes()); // All versions have the same image.
            Files.writeString(manifest, changed, StandardCharsets.UTF_8); // Last, when what it names is there.
        }
        print(new Result(source.name(), source.version(), null, true));
        return 0;
    }

    private void print(Result result) {
        if (json) {
            spec.commandLine().getOut().println(JsonMapper.builder().build().writeValueAsString(result));
            return;
        }
        String name = result.model() + " version " + result.version();
        spec.commandLine()
                .getOut()
                .println(
                        result.recorded()
                                ? name + ": the answer was recorded"
                                : result.difference() == null
                                        ? name + ": the answer is the recorded one"
                                        : name + ": " + result.difference());
    }

    private static byte[] bytes(ModelSource source, String file) throws IOException {
        try (InputStream in = source.open(file)) {
            return in.readAllBytes();
        }
    }

    private static String name(@Nullable Path file) {
        return String.valueOf(Objects.requireNonNull(file).getFileName());
    }
}
