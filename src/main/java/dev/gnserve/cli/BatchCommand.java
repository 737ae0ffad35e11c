package dev.gnserve.cli;

import dev.gnserve.GnserveApplication;
import dev.gnserve.bulk.BulkJob;
import dev.gnserve.bulk.ResultsOrigin;
import dev.gnserve.bulk.Shard;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelLease;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelState;
import dev.gnserve.pipeline.DefaultTasks;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.pipeline.VolumePipeline;
import dev.gnserve.problem.Problems;
import dev.gnserve.segmentation.VolumeBatch;
import dev.gnserve.volume.VolumeFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
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
import picocli.CommandLine.Unmatched;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "batch",
        description = {
            "Runs a folder of images, or of volumes, through a model. Writes OUT_DIR/IMAGE.json for each one, the document that HTTP returns.",
            "If it is stopped and started again, it continues.",
            "An image that fails gets IMAGE.problem.json, and the next run tries it again. The exit code is 1 if any failed, and 2 if there is no image at all.",
            "Takes the options of serve, too: --gnserve.models-dir=..."
        })
final class BatchCommand implements Callable<Integer> {

    @Parameters(
            index = "0",
            paramLabel = "IN_DIR",
            description = "Images or volumes, in folders at any depth. A folder of OME-Zarr is one volume.")
    private Path in = Path.of("");

    @Parameters(index = "1", paramLabel = "OUT_DIR", description = "For the results, in the same folders.")
    private Path out = Path.of("");

    @Option(names = "--model", required = true, description = "The model's name.")
    private String model = "";

    @Option(
            names = "--shard",
            paramLabel = "I/N",
            defaultValue = "0/1",
            description = "Process only part I of N of the images, from 0/N to N-1/N (default: all).")
    private String shard = "";

    @Option(names = "--picture", description = "Also write IMAGE.overlay.png: the image with the result drawn on it.")
    private boolean picture;

    @Option(names = "--json", description = "Print the summary as JSON.")
    private boolean json;

    @Unmatched
    private List<String> springArguments = new ArrayList<>();

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        Shard part = checked();
        List<String> arguments =
                new ArrayList<>(List.of("--gnserve.models=" + model, "--logging.config=classpath:logback-command.xml"));
        arguments.addAll(springArguments);
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(GnserveApplication.class)
                .web(WebApplicationType.NONE)
                // Nothing else is served that an archive could harm.
                .properties("gnserve.trial.enabled=false")
                .bannerMode(Banner.Mode.OFF)
                .logStartupInfo(false)
                .run(arguments.toArray(String[]::new))) {
            ModelRepository repository = context.getBean(ModelRepository.class);
            repository.loaded().join();
            boolean isReady = repository.models().stream()
                    .anyMatch(one -> one.name().equals(model) && one.state() == ModelState.READY);
            if (!isReady) {
                if (repository.models().isEmpty()) {
                    throw new ParameterException(spec.commandLine(), missing(repository));
                }
                spec.commandLine().getErr().println(missing(repository));
                return 1;
            }
            try (ModelLease lease = repository.lease(model, null)) {
                return run(context, lease.model(), part);
            }
        } catch (IOException e) {
            spec.commandLine()
                    .getErr()
                    .println("stopped: " + e.getMessage() + "; complete results remain, run again to continue");
            return 1;
        }
    }

    private Shard checked() {
        if (!Files.isDirectory(in)) {
            throw new ParameterException(spec.commandLine(), "IN_DIR is " + in + ", which is not a folder");
        }
        Path from = in.toAbsolutePath().normalize();
        Path to = out.toAbsolutePath().normalize();
        if (to.startsWith(from) || from.startsWith(to)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "OUT_DIR is " + out + " and IN_DIR is " + in
                            + "; allowed are folders of which neither contains the other");
        }
        for (String argument : springArguments) {
            if (!argument.startsWith("--") || !argument.contains("=")) {
                throw new ParameterException(spec.commandLine(), "Unknown argument: " + argument);
            }
        }
        try {
            return Shard.of(shard);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--" + e.getMessage(), e);
        }
    }

    private String missing(ModelRepository repository) {
        String reasons = repository.models().stream()
                .map(LoadedModel::reason)
                .filter(reason -> reason != null)
                .reduce("", (all, reason) -> all + "; " + reason);
        return "the model \"" + model + "\" is not ready" + (reasons.isEmpty() ? ": no model has this name" : reasons);
    }

    private int run(ConfigurableApplicationContext context, LoadedModel served, Shard part)
            throws IOException, InterruptedException {
        ImagePipeline pipeline = context.getBean(ImagePipeline.class);
        JsonMapper mapper = context.getBean(JsonMapper.class);
        ImageTask<?, ?> task =
                context.getBean(DefaultTasks.class).of(served.manifest().task());
        if (task == null) {
            throw new ParameterException(spec.commandLine(), "the model \"" + model + "\" takes tensors, not images");
        }
        boolean volumes = served.manifest().input().volume() != null;
        if (volumes && VolumeFile.isFolder(in)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "IN_DIR is " + in + ", which is a folder of Zarr itself; name the folder around it");
        }
        if (picture && !Preview.draws(served.manifest().task())) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--picture is given, but results of the task "
                            + served.manifest().task().label() + " are not drawn; leave it out");
        }
        claimResults(served);
        BulkJob job = volumes
                ? ofVolumes(context, served, mapper)
                : new BulkJob(
                        in,
                        out,
                        picture,
                        (name, image) -> {
                            ImagePipeline.ImageResponse response =
                                    pipeline.answer(task, served, new Upload(name, image), picture, name);
                            return new BulkJob.Result(
                                    mapper.writeValueAsBytes(response.document()), response.picture());
                        },
                        (name, failure) -> mapper.writeValueAsBytes(Problems.of(failure, name)));
        // Enough for the batch that runs and the next one. A volume has many windows.
        int threads = volumes ? 1 : 2 * served.manifest().batching().maxSize();
        BulkJob.Summary summary;
        try (Progress progress = new Progress()) {
            summary = job.run(part, threads, progress::begin, name -> progress.step());
        }
        print(summary, mapper);
        if (summary.empty()) {
            spec.commandLine()
                    .getErr()
                    .println("IN_DIR is " + in + ", which has no " + (volumes ? "volumes" : "images")
                            + " by their endings");
            return 2;
        }
        return summary.failed().isEmpty() ? 0 : 1;
    }

    private BulkJob ofVolumes(ConfigurableApplicationContext context, LoadedModel served, JsonMapper mapper) {
        VolumeBatch batch = new VolumeBatch(context.getBean(VolumePipeline.class));
        return BulkJob.ofVolumes(
                in,
                out,
                picture,
                (name, file) -> {
                    VolumeBatch.Answer answer = Files.isDirectory(file)
                            ? batch.folder(served, name, file, picture)
                            : batch.file(served, new Upload(name, BulkJob.read(file)), picture);
                    return new BulkJob.Result(mapper.writeValueAsBytes(answer.document()), answer.picture());
                },
                (name, failure) -> mapper.writeValueAsBytes(Problems.of(failure, name)));
    }

    /** Results of another model stay as they are, so this one must not continue among them. */
    private void claimResults(LoadedModel served) throws IOException {
        CRC32 manifest = new CRC32();
        manifest.update(served.file("model.yaml"));
        String origin = "model %s version %s, archive %s, model.yaml %08x\n"
                .formatted(served.name(), served.version(), served.archive().sha256(), manifest.getValue());
        String before = ResultsOrigin.claim(out, origin);
        if (before != null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "OUT_DIR is %s, which has results of %s; this run is of %s. Name another folder, or delete this one"
                            .formatted(out, before.strip(), origin.strip()));
        }
    }

    private void print(BulkJob.Summary summary, JsonMapper mapper) {
        PrintWriter printer = spec.commandLine().getOut();
        if (json) {
            printer.println(mapper.writeValueAsString(summary));
        } else {
            summary.failed().forEach((name, why) -> printer.println("FAILED " + name + ": " + why));
            printer.printf(
                    "%,d images: %,d done before, %,d done now (%.1f per second), %,d failed%n",
                    summary.images(),
                    summary.before(),
                    summary.done(),
                    summary.done() / Math.max(1e-3, summary.seconds()),
                    summary.failed().size());
            if (!summary.passedOver().isEmpty()) {
                printer.println("passed over: "
                        + summary.passedOver().entrySet().stream()
                                .map(one -> "%,d %s"
                                        .formatted(
                                                one.getValue(),
                                                one.getKey().isEmpty() ? "without an ending" : one.getKey()))
                                .collect(Collectors.joining(", ")));
            }
        }
        printer.flush();
    }

    /** A progress bar on standard error. */
    private static final class Progress implements AutoCloseable {

        private @Nullable ProgressBar bar;

        void begin(int images) {
            bar = new ProgressBarBuilder()
                    .setTaskName("images")
                    .setInitialMax(images)
                    .setUpdateIntervalMillis(1000)
                    .showSpeed()
                    .build();
        }

        void step() {
            if (bar != null) {
                bar.step();
            }
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
            }
        }
    }
}
