package dev.gnserve.evaluation;

import dev.gnserve.model.ModelManifest;
import dev.gnserve.volume.VolumeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The file of truth for each image or volume: a folder has {@code images/}, and beside it a folder with files of the same names. */
final class TruthPairs {

    private TruthPairs() {}

    /**
     * Pairs images, or volumes for a model of volumes, with their truth.
     *
     * @param truths name of the folder beside {@code images}
     * @param endings that the truth of an image may have; that of a volume may have those of volumes
     * @throws IllegalArgumentException if one has no truth, or several
     */
    static Map<Path, Path> of(ModelManifest manifest, Path folder, String truths, List<String> endings)
            throws IOException {
        if (!Files.isDirectory(folder.resolve("images")) || !Files.isDirectory(folder.resolve(truths))) {
            throw new IllegalArgumentException(folder + " has not both folders images and " + truths);
        }
        boolean volumes = manifest.input().volume() != null;
        Map<Path, Path> pairs = volumes ? ofVolumes(folder, truths) : ofImages(folder, truths, endings);
        if (pairs.isEmpty()) {
            throw new IllegalArgumentException(
                    folder.resolve("images") + " has no " + (volumes ? "volumes" : "images"));
        }
        return pairs;
    }

    private static Map<Path, Path> ofImages(Path folder, String truths, List<String> endings) throws IOException {
        Map<Path, Path> pairs = new TreeMap<>();
        for (Path image : shown(folder.resolve("images"))) {
            if (!Files.isRegularFile(image)) {
                continue;
            }
            String name = String.valueOf(image.getFileName());
            int dot = name.lastIndexOf('.');
            Path stem = folder.resolve(truths).resolve(dot < 0 ? name : name.substring(0, dot));
            pairs.put(
                    image,
                    endings.stream()
                            .map(ending -> Path.of(stem + ending))
                            .filter(Files::isRegularFile)
                            .findFirst()
                            .orElseThrow(() -> new IllegalArgumentException(image + " has no file of truth " + stem
                                    + String.join(" or ", endings) + ". Add it, or move the image away")));
        }
        return pairs;
    }

    private static Map<Path, Path> ofVolumes(Path folder, String truths) throws IOException {
        Map<String, Path> truthOfStem = byStem(folder.resolve(truths));
        Map<Path, Path> pairs = new TreeMap<>();
        byStem(folder.resolve("images")).forEach((stem, volume) -> {
            Path truth = truthOfStem.get(stem);
            if (truth == null) {
                throw new IllegalArgumentException(
                        "%s has no volume of truth in %s with the name %s before its ending (such as %s.nii.gz). Add it, or move the volume away"
                                .formatted(volume, folder.resolve(truths), stem, stem));
            }
            pairs.put(volume, truth);
        });
        return pairs;
    }

    /** The volumes of a folder, by their names without endings. */
    private static Map<String, Path> byStem(Path folder) throws IOException {
        Map<String, Path> byStem = new TreeMap<>();
        for (Path file : shown(folder)) {
            String name = String.valueOf(file.getFileName());
            if (!(Files.isDirectory(file) ? VolumeFile.isFolder(file) : VolumeFile.isNamed(name))) {
                throw new IllegalArgumentException(
                        file
                                + " is no volume by its ending, and no folder of Zarr. Move it away, or save it as TIFF, NIfTI, .npy or Zarr");
            }
            Path other = byStem.put(VolumeFile.stem(name), file);
            if (other != null) {
                throw new IllegalArgumentException("%s has two volumes of one name, %s and %s; move one away"
                        .formatted(folder, other.getFileName(), name));
            }
        }
        return byStem;
    }

    private static List<Path> shown(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> !String.valueOf(file.getFileName()).startsWith("."))
                    .sorted()
                    .toList();
        }
    }
}
