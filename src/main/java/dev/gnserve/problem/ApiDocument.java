package dev.gnserve.problem;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.failure.FailureCode;
import io.swagger.v3.core.converter.ModelConverter;
import io.swagger.v3.core.converter.ModelConverters;
import io.swagger.v3.core.jackson.ModelResolver;
import io.swagger.v3.core.util.Json;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.Paths;
import io.swagger.v3.oas.models.headers.Header;
import io.swagger.v3.oas.models.info.Contact;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.IntegerSchema;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.parameters.Parameter;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import io.swagger.v3.oas.models.tags.Tag;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springdoc.core.customizers.OperationCustomizer;
import org.springdoc.core.customizers.ServerBaseUrlCustomizer;
import org.springdoc.core.properties.SwaggerUiConfigProperties;
import org.springdoc.core.properties.SwaggerUiOAuthProperties;
import org.springdoc.core.providers.ObjectMapperProvider;
import org.springdoc.webmvc.ui.SwaggerIndexPageTransformer;
import org.springdoc.webmvc.ui.SwaggerIndexTransformer;
import org.springdoc.webmvc.ui.SwaggerWelcomeCommon;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.method.HandlerMethod;

/** The OpenAPI document: what concerns the whole service, and the error responses of every operation. */
@Configuration(proxyBeanMethods = false)
class ApiDocument {

    @Bean
    OpenAPI description() {
        Components components = new Components();
        // Generated clients get one named type for an enum, not one for each place where it is used.
        ModelResolver.enumsAsRef = true;
        ModelConverters.getInstance(true).read(Problem.class).forEach(components::addSchemas);
        ModelConverters.getInstance(true).read(ProtocolError.class).forEach(components::addSchemas);
        components
                .addSecuritySchemes(
                        "bearerKey",
                        new SecurityScheme()
                                .type(SecurityScheme.Type.HTTP)
                                .scheme("bearer")
                                .description("An API key, if the service requires one"))
                .addSecuritySchemes(
                        "headerKey",
                        new SecurityScheme()
                                .type(SecurityScheme.Type.APIKEY)
                                .in(SecurityScheme.In.HEADER)
                                .name("X-API-Key")
                                .description("The same API key in another header"));
        return new OpenAPI()
                .info(new Info()
                        .title("gnserve")
                        .version("1")
                        .description(
                                "Group-Normalization vision models over HTTP: images in, typed masks and boxes out."
                                        + " Every error is a problem document (RFC 9457). Below /v2, an error has the form"
                                        + " of the Open Inference Protocol. [The page](../) runs the models on images.")
                        .contact(new Contact().name("The makers of gnserve"))
                        .license(new License().name("Apache-2.0").identifier("Apache-2.0")))
                .security(List.of(
                        new SecurityRequirement(),
                        new SecurityRequirement().addList("bearerKey"),
                        new SecurityRequirement().addList("headerKey")))
                .tags(List.of(
                        tag("inference", "Images in; masks, boxes or labels out."),
                        tag("jobs", "Requests with images that are answered later: progress, result, cancelling."),
                        tag("models", "Which models there are, and their state."),
                        tag("verification", "Comparing the engine's Group Normalization with float64."),
                        tag("open inference protocol", "Tensors in, tensors out, by version 2 of the protocol."),
                        tag("model repository", "Loading and unloading models; needs an admin key.")))
                .components(components);
    }

    private static Tag tag(String name, String description) {
        return new Tag().name(name).description(description);
    }

    /** Examples of texts that look like numbers are texts, too. */
    @Bean
    OpenApiCustomizer examplesOfTexts() {
        return document -> document.getPaths().values().stream()
                .flatMap(path -> path.readOperations().stream())
                .flatMap(operation -> Stream.ofNullable(operation.getParameters()))
                .flatMap(List::stream)
                .filter(parameter -> parameter.getExample() != null && isText(parameter.getSchema()))
                .forEach(parameter -> parameter.setExample(String.valueOf(parameter.getExample())));
    }

    /** Springdoc's own transformer of Swagger UI's page, made when the page is asked for: it needs what makes the document. */
    @Bean
    SwaggerIndexTransformer swaggerPage(
            ObjectProvider<SwaggerUiConfigProperties> settings,
            ObjectProvider<SwaggerUiOAuthProperties> login,
            ObjectProvider<SwaggerWelcomeCommon> welcome,
            ObjectProvider<ObjectMapperProvider> mapper) {
        return (request, resource, chain) -> new SwaggerIndexPageTransformer(
                        settings.getObject(), login.getObject(), welcome.getObject(), mapper.getObject())
                .transform(request, resource, chain);
    }

    /** The server's URL is a path: {@code /}, or the prefix under which the client sees the service. Clients know the host. */
    @Bean
    ServerBaseUrlCustomizer pathOfServer() {
        return (url, request) -> {
            String path = URI.create(url).getRawPath();
            return path == null || path.isEmpty() ? "/" : path;
        };
    }

    @Bean
    OperationCustomizer problemResponses() {
        return (Operation operation, HandlerMethod handler) -> {
            FailsWith failures = handler.getMethodAnnotation(FailsWith.class);
            if (failures != null) {
                byStatus(failures.value())
                        .forEach((status, codes) -> operation
                                .getResponses()
                                .addApiResponse(
                                        Integer.toString(status), response(status, codes, failures.document())));
            }
            return operation;
        };
    }

    /**
     * Sorts paths and schemas by name, so that the document is stable. Media types keep their declared order: generated clients use the
     * first, which springdoc's own sorting would make the raw body of images.
     */
    @Bean
    OpenApiCustomizer sortedByName() {
        return document -> {
            Paths paths = new Paths();
            new TreeMap<>(document.getPaths()).forEach(paths::addPathItem);
            document.setPaths(paths);
            Components components = document.getComponents();
            components.setSchemas(new TreeMap<>(components.getSchemas()));
        };
    }

    /**
     * Moves the default of an enum parameter to the schema of the enum. For a default beside a reference, client generators lose the
     * type.
     */
    @Bean
    OpenApiCustomizer defaultsOfEnums() {
        return document -> document.getPaths().values().stream()
                .flatMap(path -> path.readOperations().stream())
                .flatMap(operation -> Stream.ofNullable(operation.getParameters()))
                .flatMap(List::stream)
                .map(Parameter::getSchema)
                .filter(schema -> schema.get$ref() != null && schema.getDefault() != null)
                .forEach(schema -> {
                    String name = schemaName(schema.get$ref());
                    Objects.requireNonNull(document.getComponents().getSchemas().get(name), name)
                            .setDefault(schema.getDefault());
                    schema.setDefault(null);
                });
    }

    private static boolean isText(Schema<?> schema) {
        return "string".equals(schema.getType())
                || (schema.getTypes() != null && schema.getTypes().contains("string"));
    }

    private static String schemaName(String reference) {
        return reference.substring(reference.lastIndexOf('/') + 1);
    }

    /** Marks record components as required unless they are nullable, so that generated clients need no null checks. */
    @Bean
    ModelConverter requiredComponents() {
        return (type, context, chain) -> {
            Schema<?> schema = chain.hasNext() ? chain.next().resolve(type, context, chain) : null;
            Class<?> raw = Json.mapper().constructType(type.getType()).getRawClass();
            if (schema != null && raw.isRecord()) {
                String reference = schema.get$ref();
                describeComponents(
                        raw,
                        reference == null ? schema : context.getDefinedModels().get(schemaName(reference)));
            }
            return schema;
        };
    }

    private static void describeComponents(Class<?> raw, @Nullable Schema<?> model) {
        if (model == null || model.getProperties() == null || model.getRequired() != null) {
            return;
        }
        boolean leavesOutNull = raw.isAnnotationPresent(JsonInclude.class);
        for (RecordComponent component : raw.getRecordComponents()) {
            JsonProperty renamed = component.getAccessor().getAnnotation(JsonProperty.class);
            String name = renamed == null ? component.getName() : renamed.value();
            Schema<?> property = model.getProperties().get(name);
            boolean nullable = component.getAnnotatedType().isAnnotationPresent(Nullable.class);
            boolean mayBeAbsent = leavesOutNull || component.getAccessor().isAnnotationPresent(JsonInclude.class);
            if (property == null || (nullable && (mayBeAbsent || isOptional(component)))) {
                continue;
            }
            model.addRequiredItem(name);
            if (nullable && property.get$ref() != null) {
                model.addProperty(name, new Schema<>().anyOf(List.of(property, new Schema<>().types(Set.of("null")))));
            } else if (nullable && property.getTypes() != null) {
                property.addType("null");
            }
        }
    }

    /** Whether a nullable component of a request may be absent. In a response, it is present and null. */
    private static boolean isOptional(RecordComponent component) {
        var described = component.getAccessor().getAnnotation(io.swagger.v3.oas.annotations.media.Schema.class);
        return described != null
                && described.requiredMode() == io.swagger.v3.oas.annotations.media.Schema.RequiredMode.NOT_REQUIRED;
    }

    private static Map<Integer, String> byStatus(FailureCode[] codes) {
        return Stream.of(codes)
                .map(ProblemKind::of)
                .collect(Collectors.groupingBy(
                        kind -> kind.status().value(),
                        TreeMap::new,
                        Collectors.mapping(kind -> kind.code() + ": " + kind.title(), Collectors.joining("; "))));
    }

    private static ApiResponse response(int status, String description, Class<?> document) {
        String mediaType = document == Problem.class ? "application/problem+json" : "application/json";
        ApiResponse response = new ApiResponse()
                .description(description)
                .content(new Content()
                        .addMediaType(
                                mediaType,
                                new MediaType()
                                        .schema(new Schema<>()
                                                .$ref("#/components/schemas/" + document.getSimpleName()))));
        if (status == 429 || status == 503) {
            response.addHeaderObject(
                    "Retry-After",
                    new Header()
                            .description("Seconds to wait before sending the request again, if known")
                            .schema(new IntegerSchema()));
        }
        return response;
    }
}
