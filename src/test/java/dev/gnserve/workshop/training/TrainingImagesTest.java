package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.evaluation.NucleiData;
import dev.gnserve.image.Normalization;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingImagesTest {

    @TempDir
    Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.createDirectories(folder.resolve("images"));
        Files.createDirectories(folder.resolve("masks"));
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 0x010203);
        image.setRGB(1, 0, 0xfffefd);
        ImageIO.write(image, "png", folder.resolve("images/a.png").toFile());
        BufferedImage mask = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
        mask.getRaster().setSample(0, 0, 0, 300);
        mask.getRaster().setSample(1, 0, 0, 301);
        ImageIO.write(mask, "png", folder.resolve("masks/a.png").toFile());
        Files.writeString(folder.resolve("split.json"), "{\"train\": [\"a.png\"], \"val\": []}");
        Files.writeString(folder.resolve("index.csv"), "file,split,type\na.png,train,histology\n");
    }

    @Test
    void readsColoursAsPlanesAndObjectNumbersAs16Bits() throws IOException {
        NucleiData data = NucleiData.open(folder);
        List<LabelledImage> images = TrainingImages.load(
                data, data.files("train"), new Normalization.Fixed(1, List.of(0f, 0f, 0f), List.of(1f, 1f, 1f)));
        assertThat(images).hasSize(1);
        assertThat(images.get(0).type()).isEqualTo("histology");
        assertThat(images.get(0).planes()).containsExactly(1, 255, 2, 254, 3, 253);
        assertThat(images.get(0).ids()).containsExactly(300, 301);
    }
}
