package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.gnserve.model.ModelRepository;
import gnserve.client.ApiClient;
import gnserve.client.api.InferenceApi;
import gnserve.client.api.InferenceApi.ClassifyRequest;
import gnserve.client.api.InferenceApi.DetectRequest;
import gnserve.client.api.InferenceApi.SegmentRequest;
import gnserve.client.api.ModelsApi;
import gnserve.client.api.ModelsApi.GetModelRequest;
import gnserve.client.api.OpenInferenceProtocolApi;
import gnserve.client.api.OpenInferenceProtocolApi.InferRequest;
import gnserve.client.api.VerificationApi;
import gnserve.client.api.VerificationApi.ListLayersRequest;
import gnserve.client.api.VerificationApi.VerifyRequest;
import gnserve.client.model.DetectedObject;
import gnserve.client.model.DetectionResponse;
import gnserve.client.model.InferInput;
import gnserve.client.model.InferOutput;
import gnserve.client.model.InferenceRequest;
import gnserve.client.model.LabelScore;
import gnserve.client.model.LayerDescription;
import gnserve.client.model.MaskEncoding;
import gnserve.client.model.Masks;
import gnserve.client.model.ModelDetail;
import gnserve.client.model.ModelState;
import gnserve.client.model.ModelSummary;
import gnserve.client.model.Problem;
import gnserve.client.model.ProtocolError;
import gnserve.client.model.Render;
import gnserve.client.model.SegmentationResponse;
import gnserve.client.model.SegmentedImage;
import gnserve.client.model.SegmentedObject;
import gnserve.client.model.Verdict;
import gnserve.client.model.VerificationResponse;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.io.FileSystemResource;
import org.springframework.core.io.Resource;
import org.springframework.http.MediaType;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestClientResponseException;
import tools.jackson.databind.JsonNode;

/** The client that openapi-generator makes of the API document, against a service that asks for keys. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "gnserve.access.api-keys=" + GeneratedClientIT.KEY)
class GeneratedClientIT {

    static final String KEY = "a-key-of-a-client-0123456789";
    private static final Path NUCLEI = Path.of("src/main/resources/samples/nuclei/fluorescence-256.png");
    private static final Path CELLS = Path.of("src/main/resources/samples/bloodcells/BloodImage_00271.jpg");

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ApiClient client;
    private InferenceApi inference;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) throws IOException {
        ModelsFolder folder = new ModelsFolder(models);
        folder.put("letters", "/models/classifier-traced.pt", "task: classification\nlabels: [a, b, c, d]");
        folder.put("echo", "/models/echo-scripted.pt", "task: tensors\nwarmUp: {shapes: [[3, 2, 2]]}");
        folder.put("broken", "/models/echo-scripted.pt", "task: nothing of the kind");
        properties.add("gnserve.models-dir", () -> models);
    }

    @BeforeEach
    void connect() {
        repository.loaded().join();
        client = new ApiClient().setBasePath("http://localhost:" + port);
        client.setBearerToken(KEY);
        inference = new InferenceApi(client);
    }

    @Test
    void modelsAreListedAndDescribed() {
        ModelsApi api = new ModelsApi(client);

        assertThat(api.listModels().getModels())
                .extracting(ModelSummary::getName, ModelSummary::getState, ModelSummary::getTask)
                .contains(
                        org.assertj.core.groups.Tuple.tuple("nuclei-unet-gn", ModelState.READY, "segmentation"),
                        org.assertj.core.groups.Tuple.tuple("broken", ModelState.FAILED, null));
        ModelDetail detail = api.getModel(new GetModelRequest().model("nuclei-unet-gn"));
        assertThat(detail.getLabels()).containsExactly("nucleus");
        assertThat(detail.getInput().getSizeMultiple()).isEqualTo(16);
        assertThat(detail.getExecution().getDevice()).isNotBlank();
    }

    @Test
    void segmentationIsWhatPlainHttpAnswers() {
        JsonNode plain = new ServiceClient(port)
                .send(new ServiceClient(port)
                        .request("v1/models/nuclei-unet-gn/segment")
                        .header("X-API-Key", KEY)
                        .header("Content-Type", "image/png")
                        .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(Samples.png("fluorescence-256"))))
                .json()
                .path("images")
                .path(0);

        SegmentationResponse response = inference.segment(nuclei().xRequestId("of-a-client"));

        assertThat(response.getRequestId()).isEqualTo("of-a-client");
        SegmentedImage image = response.getImages().get(0);
        assertThat(image.getName()).isEqualTo("fluorescence-256.png");
        assertThat(image.getProblem()).isNull();
        assertThat(image.getClasses()).singleElement().satisfies(nucleus -> {
            assertThat(nucleus.getLabel()).isEqualTo("nucleus");
            assertThat(nucleus.getPixels())
                    .isEqualTo(plain.path("classes").path(0).path("pixels").asInt())
                    .isPositive();
            assertThat(nucleus.getMask().getEncoding()).isEqualTo(MaskEncoding.COCO_RLE);
            assertThat(nucleus.getMask().getCounts())
                    .isEqualTo(plain.path("classes")
                            .path(0)
                            .path("mask")
                            .path("counts")
                            .asString());
        });
        assertThat(image.getObjects())
                .extracting(SegmentedObject::getArea)
                .isEqualTo(plain.path("objects")
                        .valueStream()
                        .map(object -> object.path("area").asInt())
                        .toList());
        assertThat(image.getTiming().getTiles()).isOne();
    }

    @Test
    void masksAndPicturesComeAsTheyAreAskedFor() throws IOException {
        SegmentedImage image = inference
                .segment(nuclei().masks(Masks.PNG).objects(false))
                .getImages()
                .get(0);
        RestClient pictures = ApiClient.buildRestClientBuilder()
                .requestInterceptor((request, body, execution) -> {
                    request.getHeaders().setAccept(List.of(MediaType.IMAGE_PNG));
                    return execution.execute(request, body);
                })
                .build();
        ApiClient picturing = new ApiClient(pictures).setBasePath(client.getBasePath());
        picturing.setBearerToken(KEY);

        byte[] labels = new InferenceApi(picturing)
                .segmentWithResponseSpec(nuclei().render(Render.LABELS))
                .body(byte[].class);

        assertThat(image.getObjects()).isEmpty();
        int pixels = image.getClasses().get(0).getPixels();
        byte[] mask =
                Base64.getDecoder().decode(image.getClasses().get(0).getMask().getData());
        assertThat(Arrays.stream(samples(mask)).filter(sample -> sample != 0).count())
                .isEqualTo(pixels);
        assertThat(Arrays.stream(samples(labels)).sum()).isEqualTo(pixels);
    }

    @Test
    void imagesOfOneRequestSucceedAndFailOneByOne() throws IOException {
        byte[] whole = Samples.png("fluorescence-256");

        List<SegmentedImage> images = inference
                .segment(new SegmentRequest()
                        .model("nuclei-unet-gn")
                        .image(List.of(named("a.png", whole), named("b.png", Arrays.copyOf(whole, 1000)))))
                .getImages();

        assertThat(images).extracting(SegmentedImage::getName).containsExactly("a.png", "b.png");
        assertThat(images.get(0).getWidth()).isEqualTo(256);
        assertThat(images.get(1).getWidth()).isNull();
        assertThat(images.get(1).getProblem().getCode()).isEqualTo("IMAGE_UNDECODABLE");
    }

    @Test
    void detectionGivesBoxesBestFirst() {
        DetectionResponse response = inference.detect(new DetectRequest()
                .model("bloodcell-fcos-gn")
                .image(List.of(new FileSystemResource(CELLS)))
                .maxDetections(5));

        List<DetectedObject> cells = response.getImages().get(0).getDetections();
        assertThat(cells).hasSize(5);
        assertThat(cells).extracting(DetectedObject::getScore).isSortedAccordingTo(java.util.Comparator.reverseOrder());
        assertThat(cells).allSatisfy(cell -> {
            assertThat(cell.getLabel()).isIn("RBC", "WBC", "Platelets");
            assertThat(cell.getBox().getX() + cell.getBox().getWidth()).isBetween(0.0, 640.001);
        });
    }

    /** The scores are torch's; see {@link OwnModelsIT}. */
    @Test
    void classificationRanksLabels() throws IOException {
        BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 32 * 32; i++) {
            int sample = 3 * i;
            image.setRGB(i % 32, i / 32, 7 * sample % 256 << 16 | 7 * (sample + 1) % 256 << 8 | 7 * (sample + 2) % 256);
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);

        List<LabelScore> labels = inference
                .classify(new ClassifyRequest()
                        .model("letters")
                        .image(List.of(named("a.png", png.toByteArray())))
                        .top(2))
                .getImages()
                .get(0)
                .getPredictions();

        assertThat(labels)
                .extracting(label -> "%s %.4f".formatted(label.getLabel(), label.getScore()))
                .containsExactly("b 0.9106", "c 0.0672");
    }

    @Test
    void layersAreListedAndVerified() {
        VerificationApi api = new VerificationApi(client);

        List<LayerDescription> layers =
                api.listLayers(new ListLayersRequest().model("nuclei-unet-gn")).getLayers();
        VerificationResponse proof = api.verify(new VerifyRequest()
                .model("nuclei-unet-gn")
                .image(List.of(new FileSystemResource(NUCLEI)))
                .batch(0));

        assertThat(layers).isNotEmpty().allMatch(layer -> layer.getKind() == LayerDescription.KindEnum.GROUP_NORM);
        assertThat(proof.getVerdict()).isEqualTo(Verdict.PASS);
        assertThat(proof.getBatchInvariance()).isNull();
        assertThat(proof.getCalls()).hasSameSizeAs(layers);
    }

    @Test
    void tensorsGoInAndComeOut() {
        OpenInferenceProtocolApi api = new OpenInferenceProtocolApi(client);
        List<Object> values = List.of(0.5, -1.25, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);

        List<InferOutput> outputs = api.infer(new InferRequest().model("echo").inferenceRequest(tensor(values)))
                .getOutputs();

        assertThat(outputs).extracting(InferOutput::getName).contains("same");
        assertThat(outputs.get(0).getShape()).containsExactly(1, 3, 2, 2);
        assertThat(outputs.get(0).getData())
                .extracting(value -> ((Number) value).doubleValue())
                .containsExactly(0.5, -1.25, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0);
        assertThat(api.serverReady().getReady()).isTrue();

        RestClientResponseException refused = catchThrowableOfType(
                RestClientResponseException.class,
                () -> api.infer(new InferRequest().model("echo").inferenceRequest(tensor(List.of(1)))));

        assertThat(refused.getStatusCode().value()).isEqualTo(400);
        assertThat(refused.getResponseBodyAs(ProtocolError.class).getError()).contains("input");
    }

    private static InferenceRequest tensor(List<Object> values) {
        return new InferenceRequest()
                .addInputsItem(new InferInput()
                        .name("input")
                        .datatype("FP32")
                        .shape(List.of(1L, 3L, 2L, 2L))
                        .data(values));
    }

    @Test
    void refusalsAreProblemsWithACode() {
        byte[] text = "no image".getBytes(java.nio.charset.StandardCharsets.UTF_8);

        assertProblem(nuclei().model("nobody"), 404, "MODEL_NOT_FOUND");
        assertProblem(nuclei().version("99"), 404, "MODEL_NOT_FOUND");
        assertProblem(nuclei().model("bloodcell-fcos-gn"), 409, "WRONG_TASK");
        assertProblem(nuclei().threshold(1.5f), 400, "INVALID_REQUEST");
        assertProblem(nuclei().image(List.of(named("a.png", text))), 415, "UNSUPPORTED_MEDIA");
        assertProblem(nuclei().xTimeoutMillis(-1L), 400, "INVALID_REQUEST");
        client.setBearerToken("not-the-key-0123456789");
        assertProblem(nuclei(), 401, "UNAUTHENTICATED");
    }

    private void assertProblem(SegmentRequest request, int status, String code) {
        RestClientResponseException refused =
                catchThrowableOfType(RestClientResponseException.class, () -> inference.segment(request));

        Problem problem = refused.getResponseBodyAs(Problem.class);
        assertThat(problem.getStatus()).isEqualTo(status);
        assertThat(refused.getStatusCode().value()).isEqualTo(status);
        assertThat(problem.getCode()).isEqualTo(code);
        assertThat(problem.getType()).endsWith(code.toLowerCase(Locale.ROOT).replace('_', '-'));
        assertThat(problem.getDetail()).isNotBlank();
        assertThat(problem.getRequestId())
                .isEqualTo(refused.getResponseHeaders().getFirst("X-Request-Id"));
    }

    private static SegmentRequest nuclei() {
        return new SegmentRequest().model("nuclei-unet-gn").image(List.of(new FileSystemResource(NUCLEI)));
    }

    private static Resource named(String name, byte[] bytes) {
        return new ByteArrayResource(bytes) {
            @Override
            public String getFilename() {
                return name;
            }
        };
    }

    private static int[] samples(byte[] png) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        return image.getRaster().getSamples(0, 0, image.getWidth(), image.getHeight(), 0, (int[]) null);
    }
}
