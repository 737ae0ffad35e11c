package dev.gnserve.serving;

import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.format.FormatterRegistry;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.ResourceHandlerRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** How parameters are read, and where the page finds its samples. */
@Configuration(proxyBeanMethods = false)
class WebConfiguration implements WebMvcConfigurer {

    private final Shutdown shutdown;

    WebConfiguration(Shutdown shutdown) {
        this.shutdown = shutdown;
    }

    /** What is work, and what a shutdown waits for; health and metrics are asked until the end. */
    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(shutdown)
                .addPathPatterns("/v1/**", "/v2/**")
                .excludePathPatterns("/v2/health/**")
                .order(Ordered.HIGHEST_PRECEDENCE);
    }

    /** Choices are written in lower case ({@code masks=rle}). */
    @Override
    public void addFormatters(FormatterRegistry registry) {
        ApplicationConversionService.configure(registry);
    }

    @Override
    public void addResourceHandlers(ResourceHandlerRegistry registry) {
        registry.addResourceHandler("/samples/**").addResourceLocations("classpath:/samples/");
    }
}
