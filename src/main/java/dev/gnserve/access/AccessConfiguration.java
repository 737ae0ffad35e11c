package dev.gnserve.access;

import dev.gnserve.failure.MisconfiguredException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Which key opens what. Health, metrics, the API document and the pages are open. */
@Configuration(proxyBeanMethods = false)
class AccessConfiguration implements WebMvcConfigurer {

    private static final String ADMINISTRATION = "/v2/repository/**";

    private final ApiKeys users;
    private final ApiKeys admins;
    private final boolean repository;
    private final ApplicationEventPublisher events;

    AccessConfiguration(
            AccessSettings settings,
            @Value("${gnserve.repository.enabled:false}") boolean repository,
            ApplicationEventPublisher events) {
        this.users = ApiKeys.of(settings.apiKeys(), settings.apiKeysFile());
        this.admins = ApiKeys.of(settings.adminKeys(), settings.adminKeysFile());
        this.repository = repository;
        this.events = events;
        if (repository && admins.isEmpty()) {
            throw new MisconfiguredException(
                    "gnserve.repository.enabled needs gnserve.access.admin-keys or gnserve.access.admin-keys-file:"
                            + " otherwise everybody could unload the models");
        }
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        if (repository) {
            registry.addInterceptor(new KeyCheck("an admin key", admins::id, events))
                    .addPathPatterns(ADMINISTRATION);
        }
        if (!users.isEmpty()) {
            Function<String, @Nullable String> either = key -> {
                String id = users.id(key);
                return id == null ? admins.id(key) : id;
            };
            registry.addInterceptor(new KeyCheck("an API key", either, events))
                    .addPathPatterns("/v1/**", "/v2/**")
                    .excludePathPatterns("/v2/health/**", ADMINISTRATION);
        }
    }
}
