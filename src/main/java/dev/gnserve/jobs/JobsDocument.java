package dev.gnserve.jobs;

import dev.gnserve.pipeline.TaskOperation;
import io.swagger.v3.oas.models.headers.Header;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.parameters.HeaderParameter;
import io.swagger.v3.oas.models.responses.ApiResponse;
import org.springdoc.core.customizers.OperationCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What the API document says of jobs at the operations that {@link JobSubmission} makes jobs of. */
@Configuration(proxyBeanMethods = false)
class JobsDocument {

    @Bean
    OperationCustomizer asynchronousAnswers() {
        return (operation, handler) -> {
            if (handler.hasMethodAnnotation(TaskOperation.class)) {
                operation.addParametersItem(new HeaderParameter()
                        .name(JobSubmission.PREFER)
                        .description("`respond-async` has the request answered later, as a job (RFC 7240). Without"
                                + " gnserve.jobs.dir, the service ignores it")
                        .schema(new StringSchema())
                        .example("respond-async"));
                operation.getResponses().addApiResponse("202", accepted());
            }
            return operation;
        };
    }

    private static ApiResponse accepted() {
        return new ApiResponse()
                .description("The request is kept as a job, because it has `Prefer: respond-async`.")
                .addHeaderObject(
                        "Location",
                        new Header().description("The path of the job").schema(new StringSchema()))
                .addHeaderObject(
                        "Preference-Applied",
                        new Header().description("respond-async").schema(new StringSchema()))
                .content(new Content()
                        .addMediaType(
                                "application/json",
                                new MediaType().schema(new Schema<>().$ref("#/components/schemas/Job"))));
    }
}
