package dev.gnserve.cli;

import dev.gnserve.exchange.Conversion;
import dev.gnserve.exchange.Format;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "convert",
        description = {
            "Writes the results of batch in the format of other tools.",
            "coco: results.json and dataset.json, for pycocotools.",
            "geojson: IMAGE.geojson, for QuPath and shapely.",
            "csv: objects.csv, with area, centroid, diameter and eccentricity, and with --images mean intensities.",
            "labels: IMAGE.png, 16 bits, the number of the object at each pixel.",
            "yolo: a text file with the name of the image without its ending, and classes.txt.",
            "The exit code is 1 if a result cannot be converted."
        })
final class ConvertCommand implements Callable<Integer> {

    @Parameters(index = "0", paramLabel = "RESULTS", description = "The OUT_DIR of batch.")
    private Path from = Path.of("");

    @Parameters(index = "1", paramLabel = "TO", description = "Folder for the converted files.")
    private Path to = Path.of("");

    @Option(names = "--format", required = true, description = "One of ${COMPLETION-CANDIDATES}.")
    private Format format = Format.COCO;

    @Option(
            names = "--labels",
            split = ",",
            paramLabel = "LABEL",
            description = "All labels of the model in its order, for the numbers of classes in coco and yolo."
                    + " Default: those of the results, sorted unless the results list them.")
    private List<String> labels = List.of();

    @Option(
            names = "--images",
            paramLabel = "IN_DIR",
            description = "The IN_DIR of batch. csv then has the mean of each channel over the pixels of an object.")
    private @Nullable Path images;

    @Option(names = "--json", description = "Print the summary as JSON.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (!Files.isDirectory(from)) {
            throw new ParameterException(spec.commandLine(), "RESULTS is " + from + ", which is not a folder");
        }
        if (images != null && format != Format.CSV) {
            throw new ParameterException(spec.commandLine(), "--images is for --format csv");
        }
        if (images != null && !Files.isDirectory(images)) {
            throw new ParameterException(spec.commandLine(), "--images is " + images + ", which is not a folder");
        }
        Conversion.Summary summary;
        try {
            summary = new Conversion(from, to, format, labels, images).run();
        } catch (IOException e) {
            spec.commandLine().getErr().println(e.getMessage());
            return 1;
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(summary));
        } else {
            summary.failed().forEach((image, why) -> out.println("FAILED " + image + ": " + why));
            out.printf(
                    "%,d images with %,d objects converted, %,d failed%n",
                    summary.images(), summary.objects(), summary.failed().size());
        }
        out.flush();
        if (summary.images() == 0 && summary.failed().isEmpty()) {
            spec.commandLine().getErr().println(from + " has no results of batch: no IMAGE.json");
            return 1;
        }
        return summary.failed().isEmpty() ? 0 : 1;
    }
}
