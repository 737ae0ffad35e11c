package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryFile;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.gnserve.Bounds;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever stands in a model.yaml, reading it gives a manifest, or a mistake with the file's name and a line. */
class ManifestFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "task: tensors\nwarmUp: {shapes: [[3, 256, 256]], dataTypes: [uint8, fp16]}\n",
                        "task: classification\nlabels: [cat, dog]\ninput: {resize: {mode: fit, width: 224, height: 224}}\n",
                        """
                        task: detection
                        labels: &all [RBC, "WBC", 'Platelets']
                        description: >-
                          Red cells, white
                          cells
                        input: {colour: bgr, resize: {mode: shortest-side, size: 800, maxSize: 1333}, padding: constant}
                        output: {decoder: instances, firstLabel: 0}
                        thresholds: {score: .5, iou: 0.6, maxDetections: 300}
                        """,
                        """
                        # nuclei
                        task: segmentation
                        license: CC0-1.0
                        labels: [nucleus]
                        input:
                          sizeMultiple: 8
                          tile: {size: 256, overlap: 32}
                          normalization: {kind: percentile, low: 0.5, high: 99, minimumRange: 4}
                        output: {decoder: softmax, name: out, channels: [background, nucleus, boundary]}
                        thresholds: {mask: 0.4, seed: 0.6, minimumSeedArea: 5, minimumArea: 20}
                        batching: {maxSize: 8, maxDelay: 5ms, queueCapacity: 100}
                        execution: {workers: 2, threads: 1, device: cpu}
                        verification: {onLoad: require, sampleRate: 0.01, groups: 8, epsilon: 1.0e-5}
                        warmUp: {shapes: [[3, 64, 96]], batchSizes: [1, 2, 8]}
                        golden: {image: golden.png, expected: golden.json, tolerance: 1e-2}
                        """,
                        """
                        task: segmentation
                        labels: [a]
                        input: {normalization: {kind: fixed, mean: [1, 2, 3], standardDeviation: [4, 5, 6], scale: 1}}
                        """)
                .map(yaml -> yaml.getBytes(StandardCharsets.UTF_8));
    }

    @DictionaryFile(resourcePath = "/dev/gnserve/model/manifest.dict")
    @MethodSource("seeds")
    @FuzzTest
    void textGivesAManifestOrAMistakeWithItsLine(byte[] yaml) {
        Bounds.hold(() -> read(new String(yaml, StandardCharsets.UTF_8)));
    }

    private static void read(String yaml) {
        try {
            assertThat(ManifestReader.read("model.yaml", yaml).task()).isNotNull();
        } catch (InvalidManifestException e) {
            assertThat(e).message().matches("(?s)model\\.yaml, line [1-9]\\d*.*: .+");
        }
    }
}
