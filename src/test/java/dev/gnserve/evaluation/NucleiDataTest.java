package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NucleiDataTest {

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
    void readsObjectNumbersAs16Bits() throws IOException {
        NucleiData data = NucleiData.open(folder);
        assertThat(data.files("train")).containsExactly("a.png");
        assertThat(data.typeOf("a.png")).isEqualTo("histology");
        assertThat(data.objectIds("a.png")).containsExactly(300, 301);
    }

    @Test
    void unknownSplitIsNamedWithTheKnownOnes() throws IOException {
        NucleiData data = NucleiData.open(folder);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> data.files("test"))
                .withMessageContaining("test")
                .withMessageContaining("train");
    }
}
