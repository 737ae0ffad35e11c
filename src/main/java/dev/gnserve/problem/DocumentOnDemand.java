package dev.gnserve.problem;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.AnnotatedBeanDefinition;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.type.MethodMetadata;
import org.springframework.stereotype.Component;

/** Makes the components of the OpenAPI document at the first request for it. At the start they would take half a second. */
@Component
final class DocumentOnDemand implements BeanFactoryPostProcessor {

    /** Springdoc's controller of the document, and what gives it the converters of types, which nothing else asks for. */
    private static final String CONTROLLER = "openApiResource";

    private static final String CONVERTERS = "modelConverterRegistrar";

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
        Stream.of(beans.getBeanDefinitionNames())
                .map(beans::getBeanDefinition)
                .filter(DocumentOnDemand::isOfDocument)
                .forEach(bean -> bean.setLazyInit(true));
        if (beans.containsBeanDefinition(CONTROLLER)) {
            beans.getBeanDefinition(CONTROLLER).setDependsOn(CONVERTERS);
        }
    }

    private static boolean isOfDocument(BeanDefinition bean) {
        String origin = origin(bean);
        return origin != null && (origin.startsWith("org.springdoc.") || origin.equals(ApiDocument.class.getName()));
    }

    /** The class that declares the bean, or else that of the bean. */
    private static @Nullable String origin(BeanDefinition bean) {
        MethodMetadata method =
                bean instanceof AnnotatedBeanDefinition declared ? declared.getFactoryMethodMetadata() : null;
        return method == null ? bean.getBeanClassName() : method.getDeclaringClassName();
    }
}
