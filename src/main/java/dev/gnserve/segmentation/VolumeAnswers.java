package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.pipeline.AcceptHeader;
import dev.gnserve.pipeline.Client;
import dev.gnserve.pipeline.VolumePipeline;
import dev.gnserve.problem.RequestId;
import dev.gnserve.volume.ArrayFile;
import io.swagger.v3.oas.annotations.media.Schema;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/** Answers requests with volumes: in JSON, with a file of values for every voxel, or with a picture. Thread-safe. */
final class VolumeAnswers {

    private final VolumePipeline pipeline;

    VolumeAnswers(VolumePipeline pipeline) {
        this.pipeline = pipeline;
    }

    /** The format of an answer. */
    @Schema(name = "VolumeFormat")
    enum Format {
        @JsonProperty("json")
        JSON(MediaType.APPLICATION_JSON_VALUE, null),
        @JsonProperty("tiff")
        TIFF("image/tiff", ArrayFile.Format.TIFF),
        @JsonProperty("nifti")
        NIFTI("application/gzip", ArrayFile.Format.NIFTI),
        @JsonProperty("npy")
        NPY(MediaType.APPLICATION_OCTET_STREAM_VALUE, ArrayFile.Format.NPY),
        @JsonProperty("png")
        PNG(MediaType.IMAGE_PNG_VALUE, null);

        private final String type;
        private final ArrayFile.@Nullable Format file;

        Format(String type, ArrayFile.@Nullable Format file) {
            this.type = type;
            this.file = file;
        }

        private MediaType mediaType() {
            return MediaType.parseMediaType(type);
        }

        private static Format preferred(HttpServletRequest request) {
            MediaType type = AcceptHeader.preferredFile(
                    request,
                    Stream.of(PNG, TIFF, NIFTI, NPY).map(Format::mediaType).toList());
            for (Format format : values()) {
                if (format.mediaType().equals(type)) {
                    return format;
                }
            }
            return JSON;
        }
    }

    /**
     * Answers a request.
     *
     * @param format null for the one that the header Accept prefers
     * @param content of a file; null for labels
     * @param masks whether JSON has the voxels as masks of planes
     * @param array the name of an array in a file with several; null for the only one
     * @param overlay whether a picture shows the volume
     * @param shown what a picture shows otherwise
     * @throws dev.gnserve.failure.FailureException if it fails
     * @throws IOException if the connection breaks
     */
    ResponseEntity<Object> answer(
            @Nullable Float threshold,
            boolean objects,
            @Nullable Format format,
            VolumeRequest.@Nullable Content content,
            boolean overlay,
            VolumeRequest.Content shown,
            boolean masks,
            @Nullable String array,
            LoadedModel model,
            Client client,
            HttpServletRequest request)
            throws IOException {
        Format chosen = Objects.requireNonNullElseGet(format, () -> Format.preferred(request));
        if (content != null && chosen.file == null) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The parameter 'content' goes with format=tiff, nifti or npy. A picture has 'render'.")
                    .asException();
        }
        boolean hasThreshold = model.manifest()
                .output()
                .channels()
                .containsAll(model.manifest().labels());
        if (threshold != null && !hasThreshold) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The parameter 'threshold' goes with a channel of the label, and the model '%s' has the channels %s. Leave threshold out."
                                    .formatted(
                                            model.name(),
                                            model.manifest().output().channels()))
                    .asException();
        }
        if (masks && chosen != Format.JSON) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "masks=rle goes with an answer in JSON. A file has its voxels; leave masks out.")
                    .asException();
        }
        VolumeRequest.Content values =
                chosen == Format.PNG ? shown : Objects.requireNonNullElse(content, VolumeRequest.Content.LABELS);
        VolumeRequest task = new VolumeRequest(threshold, objects, masks, chosen.file, values);
        return pipeline.answer(task, model, client, request, array, found -> {
            if (chosen == Format.JSON) {
                found.result().requireListable();
            }
            return ResponseEntity.ok()
                    .contentType(chosen.mediaType())
                    .body(
                            switch (chosen) {
                                case JSON ->
                                    new SegmentationResponse(
                                            model.name(),
                                            model.version(),
                                            RequestId.of(request),
                                            List.of(),
                                            List.of(found.result()
                                                    .describe(
                                                            found.name(),
                                                            found.timing(),
                                                            client.cancelling("the masks of objects"))));
                                case PNG -> found.result().picture(overlay);
                                default -> found.result().file();
                            });
        });
    }
}
