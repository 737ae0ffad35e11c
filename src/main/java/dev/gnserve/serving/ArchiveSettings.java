package dev.gnserve.serving;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the code of archives may do.
 *
 * @param allowFileOperators whether it may call operators that read or write files, or reach other processes
 */
@ConfigurationProperties("gnserve.archives")
public record ArchiveSettings(@DefaultValue("false") boolean allowFileOperators) {}
