package dev.gnserve.serving;

import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.format.FormatterRegistry;
import org.springframework.validation.Errors;
import org.springframework.validation.Validator;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.ResourceHandlerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Interceptors, conversion of parameters, and the samples of the page. */
@Configuration(proxyBeanMethods = false)
class WebConfiguration implements WebMvcConfigurer {

    private final Shutdown shutdown;

    WebConfiguration(Shutdown shutdown) {
        this.shutdown = shutdown;
    }

    /** The requests that a shutdown refuses and waits for. Health and metrics are served until the end. */
    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(shutdown)
                .addPathPatterns("/v1/**", "/v2/**")
                .excludePathPatterns("/v2/health/**")
                .order(Ordered.HIGHEST_PRECEDENCE);
    }

    /** Reads enums in lower case, as in {@code masks=rle}. */
    @Override
    public void addFormatters(FormatterRegistry registry) {
        ApplicationConversionService.configure(registry);
    }

    /** No Bean Validation: the readers of parameters check them, and a provider would take half a second at the start. */
    @Override
    public Validator getValidator() {
        return new Validator() {
            @Override
            public boolean supports(Class<?> type) {
                return false;
            }

            @Override
            public void validate(Object target, Errors errors) {
                throw new UnsupportedOperationException("nothing is validated");
            }
        };
    }

    @Override
    public void addResourceHandlers(ResourceHandlerRegistry registry) {
        registry.addResourceHandler("/samples/**").addResourceLocations("classpath:/samples/");
    }
}
