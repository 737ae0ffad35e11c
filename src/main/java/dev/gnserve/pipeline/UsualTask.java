package dev.gnserve.pipeline;

/** A task as a request without parameters asks for it; every task has one as a bean. Thread-safe. */
@FunctionalInterface
public interface UsualTask {

    ImageTask<?, ?> task();
}
