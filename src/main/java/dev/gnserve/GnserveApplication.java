package dev.gnserve;

import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;

/** The HTTP service. */
@SpringBootApplication
@ConfigurationPropertiesScan
public class GnserveApplication {}
