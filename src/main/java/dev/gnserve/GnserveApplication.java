package dev.gnserve;

import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/**
 * The HTTP service. Spring searches only these rooms for components, which saves reading every other class at each start.
 * {@code ArchitectureTest} fails if one is missing.
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
