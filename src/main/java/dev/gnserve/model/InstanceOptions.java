package dev.gnserve.model;

import dev.gnserve.model.OutputSpec.Decoder;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the section of a decoder of instances: {@code output: {decoder: hovernet, hovernet: {sobel: 21}}}. */
final class InstanceOptions {

    private static final Map<Decoder, Class<? extends InstanceSpec>> SECTIONS = Map.of(
            Decoder.HOVERNET,
            HoverNetSpec.class,
            Decoder.STARDIST,
            StarDistSpec.class,
            Decoder.CELLPOSE,
            CellposeSpec.class,
            Decoder.WATERSHED,
            WatershedSpec.class);

    private InstanceOptions() {}

    /** Whether the decoder reads instances from maps of pixels. */
    static boolean has(Decoder decoder) {
        return SECTIONS.containsKey(decoder);
    }

    /**
     * The options of the decoder; null for a decoder of another kind.
     *
     * @throws InvalidManifestException if the section of another decoder is given
     */
    static @Nullable InstanceSpec read(ManifestTree tree, Decoder decoder) {
        SECTIONS.forEach((another, section) -> {
            String place = "/output/" + OutputForm.lower(another);
            if (another != decoder && tree.gives(place)) {
                tree.make(place, () -> {
                    throw new IllegalArgumentException(
                            "not allowed here: output.decoder is " + OutputForm.lower(decoder));
                });
            }
        });
        Class<? extends InstanceSpec> section = SECTIONS.get(decoder);
        return section == null ? null : tree.get("/output/" + OutputForm.lower(decoder), section);
    }
}
