package dev.gnserve;

import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/**
 * The HTTP service. It names the rooms that have components: each class of the others would be read twice at every start to find none.
 * {@code ArchitectureTest} tells when one is missing.
 */
@SpringBootApplication(
        scanBasePackages = {
            "dev.gnserve.access",
            "dev.gnserve.classification",
            "dev.gnserve.connection",
            "dev.gnserve.detection",
            "dev.gnserve.embedding",
            "dev.gnserve.jobs",
            "dev.gnserve.pipeline",
            "dev.gnserve.problem",
            "dev.gnserve.protocol",
            "dev.gnserve.regression",
            "dev.gnserve.segmentation",
            "dev.gnserve.serving",
            "dev.gnserve.telemetry",
            "dev.gnserve.verification"
        },
        // Actuator's answers are written with Jackson 3; this would set up Jackson 2, which springdoc brings, besides.
        excludeName =
                "org.springframework.boot.actuate.autoconfigure.endpoint.jackson.Jackson2EndpointAutoConfiguration")
@ConfigurationPropertiesScan({
    "dev.gnserve.access",
    "dev.gnserve.connection",
    "dev.gnserve.jobs",
    "dev.gnserve.pipeline",
    "dev.gnserve.serving"
})
public class GnserveApplication {}
