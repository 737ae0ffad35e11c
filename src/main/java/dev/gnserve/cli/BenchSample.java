package dev.gnserve.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/** The 256x256 PNG that serving is measured with. */
final class BenchSample {

    static final String MODEL = "nuclei-unet-gn";

    private static final String RESOURCE = "/samples/nuclei/fluorescence-256.png";

    private BenchSample() {}

    static byte[] png() throws IOException {
        try (InputStream in = BenchSample.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new FileNotFoundException("no " + RESOURCE + " on the class path");
            }
            return in.readAllBytes();
        }
    }
}
