package dev.gnserve.serving;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationPropertiesBinding;
import org.springframework.core.convert.converter.Converter;
import org.springframework.stereotype.Component;

/**
 * Reads the paths of settings, relative ones from the working directory. Spring's own editor looks for them among the resources of the web
 * server first, where a path such as {@code ../models} is an error.
 */
@Component
@ConfigurationPropertiesBinding
final class PathOfSetting implements Converter<String, Path> {

    @Override
    public Path convert(String text) {
        return Path.of(text);
    }
}
