package dev.gnserve;

import java.util.Comparator;
import org.junit.jupiter.api.ClassDescriptor;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.ClassOrdererContext;

/**
 * Runs the tests of {@link RunningService} one after the other: Spring stops an application when a test of another one begins, and
 * its models would be loaded again for the next test of this one. junit-platform.properties names this class.
 */
public final class SharedServiceFirst implements ClassOrderer {

    @Override
    public void orderClasses(ClassOrdererContext context) {
        context.getClassDescriptors()
                .sort(Comparator.comparing((ClassDescriptor test) -> !test.isAnnotated(RunningService.class)));
    }
}
