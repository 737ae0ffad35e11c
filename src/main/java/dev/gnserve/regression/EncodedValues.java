package dev.gnserve.regression;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The values of a map as a file.
 *
 * @param data the bytes of the file, in base64
 * @param scale of png16: value = offset + sample * scale
 * @param offset of png16
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record EncodedValues(
        Encoding encoding,

        @Schema(description = "The file, in base64", example = "iVBORw0KGgo...")
        String data,

        @Schema(description = "With png16: value = offset + sample * scale", example = "0.000122") @Nullable
        Double scale,

        @Schema(description = "With png16: the value of sample 0", example = "0.5") @Nullable
        Double offset) {

    /** Files that hold a map. */
    public enum Encoding {
        /** A 1-channel, 16-bit PNG. */
        @JsonProperty("png16")
        PNG16,
        /** A TIFF of float32. */
        @JsonProperty("tiff")
        TIFF,
        /** A NumPy array of float32 [height, width]. */
        @JsonProperty("npy")
        NPY
    }
}
