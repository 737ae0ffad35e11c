package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.backend.Engine;
import dev.gnserve.backend.FakeBackend;
import dev.gnserve.backend.Prediction;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.model.Task;
import dev.gnserve.problem.Problem;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockMultipartHttpServletRequest;
import org.springframework.mock.web.MockPart;

/** Requests with several images where one of them takes more than the whole budget of pixels. */
class ImagePipelineTest {

    /** Room for one image of 32 x 32 and a little more, so that the images of a request wait for each other. */
    private final PixelBudget pixels = new PixelBudget(1_500, Duration.ZERO);

    private final ImagePipeline pipeline =
            new ImagePipeline(new UploadReader(UploadLimits.DEFAULT), UploadLimits.DEFAULT, pixels, null, event -> {});

    private static Engine engine;
    private static LoadedModel model;

    @BeforeAll
    static void load() {
        engine = new FakeBackend().engine();
        model = LoadedModel.alone(new Source(), engine);
    }

    @AfterAll
    static void close() {
        model.close(Duration.ofSeconds(30));
        engine.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void anImageThatNeverFitsHasAProblemAtItsPlaceAndTheOthersTheirResults(int place) throws IOException {
        MockMultipartHttpServletRequest request = new MockMultipartHttpServletRequest();
        for (int i = 0; i < 4; i++) {
            request.addPart(part(i + ".png", png(i == place ? 64 : 32)));
        }

        Object answer = answer(request);

        assertThat(answer).asInstanceOf(InstanceOfAssertFactories.LIST).hasSize(4);
        for (int i = 0; i < 4; i++) {
            assertThat((List<?>) answer)
                    .element(i)
                    .asString()
                    .startsWith(
                            i == place
                                    ? i + ".png: IMAGE_TOO_LARGE " + i + ".png: the image takes"
                                    : i + ".png: found");
        }
        assertThat(pixels.isTaken()).isFalse();
    }

    @Test
    void aRequestWhoseImagesAllNeverFitFailsWithTheFirst() throws IOException {
        MockMultipartHttpServletRequest request = new MockMultipartHttpServletRequest();
        request.addPart(part("a.png", png(64)));
        request.addPart(part("b.png", png(64)));

        assertThatThrownBy(() -> answer(request)).hasMessageContaining("IMAGE_TOO_LARGE: a.png: the image takes");
        assertThat(pixels.isTaken()).isFalse();
    }

    private static MockPart part(String name, byte[] bytes) {
        return new MockPart("image", name, bytes) {
            @Override
            public void delete() {} // It has no file.
        };
    }

    private Object answer(MockMultipartHttpServletRequest request) throws IOException {
        return pipeline.answer(new Named(), Map.of(), model, Client.NONE, request, 1)
                .getBody();
    }

    private static byte[] png(int side) throws IOException {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB), "png", png);
        return png.toByteArray();
    }

    /** Says of each image what became of it. */
    private record Named() implements ImageTask<String, String> {

        @Override
        public Task task() {
            return Task.SEGMENTATION;
        }

        @Override
        public TileCollector<String> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared) {
            return new TileCollector<>() {
                @Override
                public void add(Prediction tile) {}

                @Override
                public String finish() {
                    return "found";
                }
            };
        }

        @Override
        public String describe(String name, String found, Timing timing, Cancellation cancellation) {
            return name + ": " + found;
        }

        @Override
        public double agreement(String served, String other) {
            return 1;
        }

        @Override
        public String failed(String name, Problem problem) {
            return name + ": " + problem.code() + " " + problem.detail();
        }

        @Override
        public Object response(LoadedModel answered, String requestId, List<String> images) {
            return images;
        }
    }

    /** A model that the back end of the test makes of any archive. */
    private record Source() implements ModelSource {

        @Override
        public String name() {
            return "doubling";
        }

        @Override
        public String version() {
            return "1";
        }

        @Override
        public String location() {
            return "doubling";
        }

        @Override
        public String manifest() {
            return """
                    task: segmentation
                    labels: [a, b]
                    batching: {maxSize: 2}
                    execution: {workers: 1}
                    warmUp: {shapes: [[3, 32, 32]]}
                    """;
        }

        @Override
        public InputStream open(String file) throws IOException {
            throw new FileNotFoundException(file);
        }

        @Override
        public InputStream openArchive() {
            return new ByteArrayInputStream(new byte[] {1, 2, 3});
        }
    }
}
